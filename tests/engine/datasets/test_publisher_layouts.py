"""Every dataset on a tiny copy in its publisher's own layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import publishers
import pytest

from engine.config import SplitConfig
from engine.datasets.base import RhythmSpan, Wave
from engine.datasets.catalog import open_dataset
from engine.datasets.splits import make_split
from engine.errors import ConfigError, DatasetError

TWO_WAVES = publishers.waves(("N", 200), ("t", 300))


def test_ludb_gives_each_lead_its_own_waves(tmp_path: Path) -> None:
    ludb = open_dataset("ludb", publishers.ludb(tmp_path, ["Sinus rhythm", "Atrial fibrillation"]))
    first, second = ludb.strips("2")
    assert ludb.patients() == ("1", "2")
    assert (first.lead, second.lead) == ("I", "II")
    assert first.waves == (Wave("p", 90, 100, 112), Wave("qrs", 190, 200, 212), Wave("t", 290, 300, 312))
    assert first.marked == (90, 313) and second.marked == (190, 313)
    assert second.waves is not None and [w.kind for w in second.waves] == ["qrs", "t"]
    assert first.rhythms == (RhythmSpan(0, 1000, "afib"),)
    assert first.statements == {"Atrial fibrillation"}
    assert first.rate_hz == 500 and first.samples_mv.dtype == np.float32
    assert second.samples_mv[7] == pytest.approx(0.107)
    assert [s.lead for s in ludb.strips("1", leads=("ii",))] == ["II"]


def test_mitdb_gives_beats_and_rhythms_to_both_leads(tmp_path: Path) -> None:
    mitdb = open_dataset("mitdb", publishers.mitdb(tmp_path, ["101"]))
    strips = list(mitdb.strips("101"))
    assert [s.lead for s in strips] == ["MLII", "V5"]
    assert strips[0].beats is not None
    assert strips[0].beats[0].tolist() == [50, 450, 900] and strips[0].beats[1] == ("N", "V", "A")
    assert strips[0].rhythms == (RhythmSpan(0, 400, "sr"), RhythmSpan(400, 1000, "afib"))
    assert np.array_equal(strips[0].companions["ecg2"], strips[1].samples_mv)


def test_mitdb_keeps_the_person_of_201_and_202_out_of_training(tmp_path: Path) -> None:
    publishers.mitdb(tmp_path, ["201", "202"])
    split = make_split(open_dataset("mitdb", tmp_path), SplitConfig())
    assert (len(split.train), len(split.val), len(split.test)) == (17, 4, 22)
    assert "201" not in split.side("all") and "202" in split.test
    assert not {"102", "104", "107", "217"} & set(split.side("all"))
    both = open_dataset("mitdb", tmp_path, include_201=True, include_paced=True)
    assert {s.record for s in both.strips("202")} == {"201", "202"}
    assert {"102", "217"} <= set(both.patients())


def test_nstdb_gives_noise_and_mixes(tmp_path: Path) -> None:
    for noise in ("bw", "em", "ma"):
        publishers.wfdb(tmp_path, noise, ("noise1", "noise2"), 360)
    publishers.wfdb(tmp_path, "118e_6", ("MLII", "V1"), 360, marks={"atr": [(30, "N", "")]})
    nstdb = open_dataset("nstdb", tmp_path)
    assert nstdb.patients() == ("bw", "em", "ma", "118")
    assert {s.lead: s.statements for s in nstdb.strips("em")} == {"noise1": {"em"}, "noise2": {"em"}}
    assert [(s.record, s.beats[1]) for s in nstdb.strips("118") if s.beats] == [("118e_6", ("N",))] * 2
    assert open_dataset("nstdb", tmp_path, noise_only=True).patients() == ("bw", "em", "ma")


@pytest.mark.parametrize("unpacked", [True, False])
def test_cinc2017_gives_one_label_a_record(tmp_path: Path, unpacked: bool) -> None:
    labels = {"A00001": "N", "A00002": "A", "A00003": "O", "A00004": "~"}
    cinc = open_dataset("cinc2017", publishers.cinc2017(tmp_path, labels, unpacked=unpacked))
    strips = [strip for patient in cinc.patients() for strip in cinc.strips(patient)]
    assert [s.statements for s in strips] == [{"N"}, {"A"}, {"O"}, {"~"}]
    assert [s.rhythms[0].rhythm for s in strips if s.rhythms] == ["sr", "afib", "other", "noise"]


def test_a_record_of_cinc2017_is_on_the_same_side_of_every_copy(tmp_path: Path) -> None:
    names = [f"A{k:05d}" for k in range(1, 60)]
    publishers.cinc2017(tmp_path / "a", dict.fromkeys(names, "N"))
    publishers.cinc2017(tmp_path / "b", dict.fromkeys(names[::2], "N"))
    whole, half = (make_split(open_dataset("cinc2017", tmp_path / f), SplitConfig()) for f in "ab")
    assert set(half.test) == set(whole.test) & set(names[::2])
    assert whole.test and whole.val


def test_ptbxl_groups_recordings_by_person_and_names_superclasses(tmp_path: Path) -> None:
    rows = [
        (1, "77.0", "{'NORM': 100.0, 'SR': 0.0}", 3),
        (2, "5.0", "{'IMI': 15.0, 'NDT': 100.0, 'AFIB': 0.0}", 9),
        (3, "5.0", "{'SR': 0.0, 'SARRH': 0.0}", 9),
        (4, "6.0", "{'NORM': 80.0}", 10),
    ]
    publishers.ptbxl(tmp_path, rows)
    ptbxl = open_dataset("ptbxl", tmp_path)
    strips = list(ptbxl.strips("5", leads=("avr",)))
    assert [(s.record, s.lead) for s in strips] == [("2", "aVR"), ("3", "aVR")]
    assert strips[0].statements == {"IMI", "NDT", "AFIB", "MI", "STTC"}
    assert [s.rhythms for s in strips] == [(RhythmSpan(0, 1000, "afib"),), (RhythmSpan(0, 1000, "sarrh"),)]
    split = make_split(ptbxl, SplitConfig())
    assert (split.train, split.val, split.test) == (("77",), ("5",), ("6",))
    assert next(ptbxl.strips("6")).rhythms == ()
    likely = open_dataset("ptbxl", tmp_path, min_likelihood=50)
    assert next(likely.strips("5")).statements == {"IMI", "NDT", "AFIB", "STTC"}


def test_ptbxl_says_which_rates_and_files_there_are(tmp_path: Path) -> None:
    publishers.ptbxl(tmp_path, [(1, "77", "{'NORM': 100.0}", 3)])
    with pytest.raises(ConfigError, match="rate_hz is 100 or 500"):
        list(open_dataset("ptbxl", tmp_path, rate_hz=250).strips("77"))
    with pytest.raises(DatasetError, match=r"00001_hr\.hea: is missing .*heartkit-engine download ptbxl"):
        list(open_dataset("ptbxl", tmp_path, rate_hz=500).strips("77"))


def test_qtdb_reads_the_first_experts_marks(tmp_path: Path) -> None:
    marks = [
        *publishers.waves(("p", 100), ("N", 200)),
        (300, "t", ""),
        (310, "t", ""),
        (330, ")", ""),
        (400, "u", ""),
    ]
    publishers.wfdb(tmp_path, "sel100", ("MLII", "V5"), 250, marks={"q1c": marks, "atr": [(200, "N", "")]})
    first, second = open_dataset("qtdb", tmp_path).strips("sel100")
    assert first.waves == second.waves
    assert first.waves == (Wave("p", 90, 100, 112), Wave("qrs", 190, 200, 212), Wave("t", -1, 300, 330))
    assert first.marked == (90, 331)
    assert first.beats is not None and first.beats[1] == ("N",)


def test_qtdb_reads_an_export_of_its_marked_stretches_without_t_onsets(tmp_path: Path) -> None:
    labels = np.repeat([0, 1, 0, 2, 3, 0], [5, 6, 4, 7, 9, 5])
    index = np.concatenate([np.arange(1000, 1000 + 36), [1100, 1101]])
    labels = np.concatenate([labels, [0, 0]])
    microvolts = np.tile(np.arange(38, dtype=np.int16), (2, 1))
    arrays = {"sel30/idx": index, "sel30/uv": microvolts, "sel30/lab": labels.astype(np.int8)}
    np.savez(tmp_path / "qtdb_export.npz", **arrays)
    first, _ = open_dataset("qtdb", tmp_path).strips("sel30")
    assert first.waves == (Wave("p", 5, -1, 10), Wave("qrs", 15, -1, 21), Wave("t", -1, -1, 30))
    assert first.missing == ((36, 100),)
    assert len(first.samples_mv) == 102 and first.samples_mv[35] == pytest.approx(0.035)


def test_cinc2021_reads_diagnoses_from_headers_of_all_folders(tmp_path: Path) -> None:
    for k, codes in (("JS20001", "426177001,284470004"), ("HR00001", "164889003")):
        publishers.wfdb(
            tmp_path / "training" / "g1", k, ("I", "II"), 500, suffix="mat", comments=(" Age: 7", f" Dx: {codes}")
        )
    cinc = open_dataset("cinc2021", tmp_path)
    assert cinc.patients() == ("HR00001", "JS20001")
    strip = next(cinc.strips("JS20001"))
    assert strip.statements == {"426177001", "284470004", "SB", "PAC"}
    assert strip.rhythms == (RhythmSpan(0, 1000, "sbrad"),)
    assert cinc.strata() == {"HR00001": "afib", "JS20001": "sbrad"}


def test_lsad_names_conditions_as_its_own_table_does(tmp_path: Path) -> None:
    (tmp_path / "ConditionNames_SNOMED-CT.csv").write_text(publishers.CONDITIONS)
    folder = tmp_path / "WFDBRecords" / "01" / "010"
    publishers.wfdb(folder, "JS00001", ("I",), 500, suffix="mat", comments=("Dx: 164889003,59118001",))
    strip = next(open_dataset("lsad", tmp_path).strips("JS00001"))
    assert strip.statements == {"164889003", "59118001", "AFIB"}
    assert strip.rhythms == (RhythmSpan(0, 1000, "afib"),)


def test_a_header_without_diagnoses_is_named(tmp_path: Path) -> None:
    (tmp_path / "ConditionNames_SNOMED-CT.csv").write_text(publishers.CONDITIONS)
    publishers.wfdb(tmp_path / "WFDBRecords", "JS00001", ("I",), 500, suffix="mat")
    with pytest.raises(DatasetError, match=r"JS00001\.hea: has no line of diagnoses"):
        next(open_dataset("lsad", tmp_path).strips("JS00001"))


def test_icentia_gives_segments_of_a_patient_and_its_own_split(tmp_path: Path) -> None:
    marks = [(10, "+", "(N"), (40, "N", ""), (200, "Q", ""), (500, "+", ")"), (600, "+", "(AFIB"), (900, "+", ")")]
    for patient, segments in (("p00000", 2), ("p00001", 1), ("p00002", 1), ("p10000", 1)):
        for k in range(segments):
            folder = tmp_path / patient[:3] / patient
            publishers.wfdb(folder, f"{patient}_s{k:02d}", ("ECG",), 250, marks={"atr": marks})
    icentia = open_dataset("icentia11k", tmp_path)
    assert [s.record for s in icentia.strips("p00000")] == ["p00000_s00", "p00000_s01"]
    strip = next(icentia.strips("p00000"))
    assert strip.rhythms == (RhythmSpan(0, 500, "sr"), RhythmSpan(600, 900, "afib"))
    assert strip.beats is not None and strip.beats[1] == ("N", "Q")
    split = make_split(icentia, SplitConfig(val_fraction=0.25))
    assert split.test == ("p10000",) and len(split.val) == 1 and len(split.train) == 2
    assert not icentia.info.commercial and icentia.info.must_accept
    assert len(list(open_dataset("icentia11k", tmp_path, max_segments=1).strips("p00000"))) == 1


def test_afdb_leaves_records_without_signals_out(tmp_path: Path) -> None:
    marks = [(30, "+", "(AFIB"), (500, "+", "(J"), (700, "+", "(AFL")]
    publishers.wfdb(tmp_path, "04015", ("ECG1", "ECG2"), 250, marks={"atr": marks})
    (tmp_path / "00735.hea").write_text("00735 0 250 9661952\n")
    afdb = open_dataset("afdb", tmp_path)
    assert afdb.patients() == ("04015",)
    spans = next(afdb.strips("04015")).rhythms
    assert spans == (RhythmSpan(0, 500, "afib"), RhythmSpan(500, 700, "other"), RhythmSpan(700, 1000, "aflut"))


def test_bidmc_gives_ppg_and_respiration_beside_the_ecg(tmp_path: Path) -> None:
    publishers.wfdb(tmp_path / "wfdb", "bidmc01", ("RESP,", "PLETH,", "V,", "II,"), 125)
    table = "Time [s], RESP, PLETH, V, II\n0,0.1,0.2,0.3,0.4\n0.008,0.1,0.2,0.3,\n"
    (tmp_path / "csv" / "bidmc_csv").mkdir(parents=True)
    (tmp_path / "csv" / "bidmc_csv" / "bidmc_01_Signals.csv").write_text(table)
    for folder in ("wfdb", "csv"):
        bidmc = open_dataset("bidmc", tmp_path / folder)
        strip = next(bidmc.strips("01", leads=("II",)))
        assert bidmc.patients() == ("01",)
        assert strip.rate_hz == 125 and set(strip.companions) == {"ppg", "rsp"}
        assert len(strip.companions["ppg"]) == len(strip.samples_mv)
    assert strip.samples_mv.tolist() == pytest.approx([0.4, 0.0]) and strip.missing == ((1, 2),)


def test_a_folder_of_ones_own_records_is_a_dataset(tmp_path: Path) -> None:
    publishers.wfdb(tmp_path, "anna1", ("II",), 200, marks={"atr": [(20, "+", "(N"), (50, "N", "")]})
    publishers.wfdb(tmp_path / "more", "anna2", ("II", "V1"), 200, marks={"ii": TWO_WAVES})
    (tmp_path / "PATIENTS.csv").write_text("record,patient\nanna1,anna\nmore/anna2,anna\n")
    (tmp_path / "labels.csv").write_text("record,label\nanna1,good\nanna1,short\n")
    own = open_dataset("wfdb-folder", tmp_path, labels="labels.csv")
    strips = {(s.record, s.lead): s for s in own.strips("anna")}
    assert own.patients() == ("anna",) and own.records("anna") == ("anna1", "more/anna2")
    plain, waved, bare = (strips[k] for k in (("anna1", "II"), ("more/anna2", "II"), ("more/anna2", "V1")))
    assert plain.rhythms == (RhythmSpan(0, 1000, "sr"),) and plain.waves is None
    assert plain.statements == {"good", "short"} and waved.statements == frozenset()
    assert waved.waves is not None and len(waved.waves) == 2 and waved.marked == (190, 313)
    assert bare.waves is None and bare.beats is None


def test_a_damaged_file_is_named_with_its_cure(tmp_path: Path) -> None:
    publishers.ludb(tmp_path, ["Sinus rhythm"] * 3)
    ludb = open_dataset("ludb", tmp_path)
    (tmp_path / "data" / "1.ii").unlink()
    with pytest.raises(DatasetError, match=r"1\.ii: is missing .*download ludb, or point --from at a copy"):
        list(ludb.strips("1"))
    (tmp_path / "data" / "2.dat").write_bytes(b"\0" * 100)
    with pytest.raises(DatasetError, match=r"2\.hea: is damaged: 2\.dat holds 25 of the 1,000 samples"):
        list(ludb.strips("2"))
    (tmp_path / "data" / "3.i").write_bytes(b"\xff\xff\xff")
    with pytest.raises(DatasetError, match=r"3\.i: "):
        list(ludb.strips("3"))


def test_a_patient_that_a_copy_does_not_have_is_refused(tmp_path: Path) -> None:
    publishers.ludb(tmp_path / "ludb", ["Sinus rhythm"])
    publishers.ptbxl(tmp_path / "ptbxl", [(1, "77", "{'NORM': 100.0}", 3)])
    publishers.cinc2017(tmp_path / "cinc2017", {"A00001": "N"})
    publishers.mitdb(tmp_path / "mitdb", [])
    for name in ("ludb", "ptbxl", "cinc2017", "mitdb", "ecg-synthetic"):
        with pytest.raises(DatasetError, match=f"{name} has no patient nobody"):
            next(open_dataset(name, tmp_path).strips("nobody"))


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    publishers.cinc2017(tmp_path, {"A00001": "N"})
    (tmp_path / "REFERENCE-v3.csv").write_text("A00001,X\n")
    with pytest.raises(DatasetError, match=r'REFERENCE-v3\.csv: holds "A00001,X"'):
        open_dataset("cinc2017", tmp_path).patients()
    for codes, patient, said in (
        ("[" * 100_000, "77", "SCP codes that cannot be read in the row of ecg_id 1"),
        ("{'SR': 'much'}", "77", "SCP codes that cannot be read"),
        ("{'SR': 0}", "somebody", 'holds "somebody" where the column "patient_id" needs a whole number'),
    ):
        publishers.ptbxl(tmp_path / "ptbxl", [(1, patient, codes, 3)])
        with pytest.raises(DatasetError, match=said):
            next(open_dataset("ptbxl", tmp_path / "ptbxl").strips("77"))
    publishers.ludb(tmp_path / "ludb", ["Sinus rhythm"])
    (tmp_path / "ludb" / "ludb.csv").write_text("ID,Sex\n1,M\n")
    with pytest.raises(DatasetError, match=r'ludb\.csv: lacks the column "Rhythms"'):
        open_dataset("ludb", tmp_path / "ludb").patients()
