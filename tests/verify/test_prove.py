"""What is told apart from the migration: torch's own headers, and masks that a rewrite gives."""

from __future__ import annotations

from migrator.verify.kernels import CHANGED, EXPECTED, IDENTICAL, Verdict, compare_texts
from migrator.verify.prove import MASKS, Proof, UnitProof, _expected_masks, _tell_apart


def ptx(*statements: str, name: str = "k") -> str:
    body = "".join(f"  {s};\n" for s in statements)
    return f".visible .entry {name}( .param .u64 {name}_param_0 )\n{{\n  .reg .b32 %r<9>;\n{body}  ret;\n}}\n"


MASKED = ptx("shfl.sync.down.b32 %r1, %r2, 16, 31, -1")
BARE = ptx("shfl.down.b32 %r1, %r2, 16, 31")


def test_a_type_that_moved_in_the_target_does_not_hide_that_the_neighbour_is_equal():
    # rows(at::A) in the original and on the neighbour, rows(torch::headeronly::A) on the target
    old = ptx("add.s32 %r1, %r2, 1", name="_Z4rowsN2at1AE")
    target = ptx("add.s32 %r1, %r2, 2", name="_Z4rowsN5torch10headeronly1AE")
    proof = UnitProof("a.cu", "sm_80", "1.10.2", "2.15.0", verdicts=compare_texts(old, target))
    assert proof.count(CHANGED) == 1
    _tell_apart(proof, compare_texts(old, old), "1.11.0")
    (verdict,) = proof.verdicts
    assert verdict.status == IDENTICAL and "identical 1.10.2 -> 1.11.0, changed by the own headers of 2.15.0" in verdict.reason
    assert proof.through_headers == {verdict.signature}


def test_a_mask_is_expected_and_named_by_rule():
    direct = compare_texts(BARE, MASKED)
    assert direct[0].status == CHANGED
    (verdict,) = _expected_masks(direct, compare_texts(MASKED, MASKED), MASKED)
    assert verdict.status == EXPECTED and verdict.rules == (MASKS,) and verdict.diff == direct[0].diff
    proof = Proof("sm_80", "2.15.0", [UnitProof("a.cu", "sm_80", "1.10.2", "2.15.0", verdicts=[verdict])])
    assert proof.complete and "0 of 1 kernels identical" in proof.summary
    assert proof.summary.endswith("; 1 changed as expected by warp-intrinsics")


def test_a_mask_excuses_nothing_else():
    altered = MASKED.replace("16, 31", "8, 31")
    (verdict,) = _expected_masks(compare_texts(BARE, altered), compare_texts(MASKED, altered), altered)
    assert verdict.status == CHANGED
    plain = ptx("add.s32 %r1, %r2, 1")  # identical, without a vote: stays identical
    same = compare_texts(plain, plain)
    assert _expected_masks(same, same, plain)[0].status == IDENTICAL


def test_an_original_that_compiles_only_with_masks_is_not_called_identical():
    same = compare_texts(MASKED, MASKED)
    assert _expected_masks(same, same, MASKED)[0].status == EXPECTED
    library = [Verdict("cub::k", same[0].signature, IDENTICAL, 2, library=True)]
    assert _expected_masks(library, library, MASKED)[0].status == IDENTICAL
