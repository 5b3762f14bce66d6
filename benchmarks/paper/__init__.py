"""The paper's three experiments (section 3), one command each: ``make paper-classification`` and so on."""
