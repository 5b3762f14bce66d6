"""FermiForge on one machine: what installs it, starts all its processes together and shows it at work."""
