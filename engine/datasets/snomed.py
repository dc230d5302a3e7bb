"""SNOMED CT codes of the PhysioNet/CinC Challenges 2020-2021: abbreviations and rhythms.

The scored diagnoses of Reyna et al., Will two do? Varying dimensions in electrocardiography, CinC 48, 2021, and the
rhythm codes of the Chapman-Shaoxing and Ningbo collections.
"""

from __future__ import annotations

ABBREVIATION_OF_CODE = {
    "270492004": "IAVB", "164889003": "AF", "164890007": "AFL", "426627000": "Brady", "713427006": "CRBBB",
    "713426002": "IRBBB", "445118002": "LAnFB", "39732003": "LAD", "164909002": "LBBB", "251146004": "LQRSV",
    "698252002": "NSIVCB", "10370003": "PR", "284470004": "PAC", "427172004": "PVC", "164947007": "LPR",
    "111975006": "LQT", "164917005": "QAb", "47665007": "RAD", "59118001": "RBBB", "427393009": "SA",
    "426177001": "SB", "426783006": "NSR", "427084000": "STach", "63593006": "SVPB", "164934002": "TAb",
    "59931005": "TInv", "17338001": "VPB", "733534002": "CLBBB", "365413008": "PRWP", "6374002": "BBB",
    "164865005": "MI", "164873001": "LVH", "428750005": "NSSTTA", "429622005": "STD", "164930006": "STE",
    "195042002": "IIAVB", "27885002": "CHB", "164867002": "OldMI", "89792004": "RVH", "446358003": "RAH",
}  # fmt: skip

RHYTHM_OF_CODE = {
    "426783006": "sr", "426177001": "sbrad", "427084000": "stach", "427393009": "sarrh", "164889003": "afib",
    "164890007": "aflut", "426761007": "svt", "713422000": "svt", "233896004": "svt", "233897008": "svt",
    "67198005": "svt", "164895002": "vtach", "164896001": "vfib", "111288001": "vflut", "11157007": "bigu",
    "251173003": "bigu", "251180001": "trigu", "10370003": "pace", "195101003": "svarr", "17366009": "svarr",
    "426995002": "other", "29320008": "other", "49260003": "other", "61277005": "other",
}  # fmt: skip
