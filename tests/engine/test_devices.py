"""``python -m engine devices``: the profiles with their sources, and what this machine can measure."""

from tests.engine.conftest import engine


def test_devices_lists_profiles_with_sources_and_what_is_measurable_here() -> None:
    run = engine("devices")
    assert run.code == 0, run.stderr
    devices = {row["name"]: row for row in run.of("device")}
    assert {"cpu", "cuda", "jetson-tx2", "jetson-orin-nano", "raspberry-pi-5", "cortex-m7"} <= set(devices)
    assert devices["cpu"]["latency_ms"] == "measured"
    assert (devices["cpu"]["energy_mj"] == "measured") == (devices["cpu"]["reason"] is None)
    tx2 = devices["jetson-tx2"]
    assert (tx2["latency_ms"], tx2["energy_mj"]) == ("estimated", "estimated")
    assert tx2["peak_w"] == 15 and tx2["sources"][0]["url"].startswith("https://")
