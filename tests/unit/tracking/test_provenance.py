from vidpipe.tracking.provenance import caches


def test_caches_are_told_by_their_sizes_without_that_of_instructions(tmp_path):
    levels = [("Data", "32K"), ("Instruction", "64K"), ("Unified", "1024K"), ("Unified", "32768K")]
    for n, (kind, size) in enumerate(levels):
        (tmp_path / f"index{n}").mkdir()
        (tmp_path / f"index{n}/type").write_text(f"{kind}\n")
        (tmp_path / f"index{n}/size").write_text(f"{size}\n")
    assert caches(tmp_path) == "32K/1024K/32768K"
    assert caches(tmp_path / "none") == "unknown"
