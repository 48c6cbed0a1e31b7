"""Words with which people say that a version works or fails."""

from __future__ import annotations

import re

from harness.reports.report import Says

OPPOSITE = {Says.WORKS: Says.FAILS, Says.FAILS: Says.WORKS}
_NOT_FAILING = re.compile(
    r"(?:not|n't|never|no longer) (?:(?:seem|appear)s? to )?(?:\w+ )?"
    r"(?:fail|happen|occur|crash|hang|reproduce|raise|throw|affect|break|error)"
    r"|\bno (?:\w+ )?(?:error|problem|issue|failure|crash|exception|traceback)"
    r"|without (?:\w+ ){0,2}(?:error|exception|problem|issue|failure|warning|complain|trouble)"
    r"|(?:not|n't|never) (?:see|saw|seen|get|got|observe|experience|encounter|face|have|show|exhibit|suffer from)"
    r" (?:(?:this|that|it|these)(?= (?:in|on|with|when|there|any ?more|error|problem|issue|bug|warning|exception)\b"
    r"|[.,;!)]|\s*$)|(?:the|any|an) (?:\w+ )?(?:error|problem|issue|bug|warning|exception)\b)"
    r"|\bno such (?:warning|message|error|problem|exception)"
    r"|\b(?:there (?:is|was|are|were)|gives?|gave|shows?|showed|prints?|printed|gets?|got|sees?|saw|ha[sd])"
    r" no (?:\w+ )?warnings?\b"
    r"|\bno (?:\w+ )?warnings? (?:in|on|with|under|for)\b|^\W*no warnings?\W*$"
    r"|\b(?:issue|error|bug|problem|it|this|that|warning|exception|regression) (?:does|did)(?: not|n't) (?:\w+ )?"
    r"(?:appear|arise|exist|show up|come up)|unable to reproduce"
    r"|\b(?:was|were)(?: not|n't) (?:like|so|the case)\b"
    r"|not (?:\w+ )?reproducible|\bfixed\b|\bfixes (?:it|this|that|the)\b"
    r"|resolved|\bsolves?\b|\bhelps\b|\bgo(?:es)? away|disappears?|downgrad\w+ to"
    r"|\b(?:go(?:ing)?|went|roll(?:ing|ed)?) back to|\brevert(?:ing|ed)? to"
    r"|\bstuck (?:on|at|with|to) (?:\w+ )?v?\d",
    re.IGNORECASE,
)
_FAILING = re.compile(
    r"\b(?:bug|issue|problem|regression|error|this|it|that|which)(?: \w+){0,3} introduced (?:in|with|by|since)\b"
    r"|\bnot (?:ok|okay|fine|good)\b|\bis the (?:reason|culprit|cause)\b"
    r"|\bfail|\bbroke|\bbreak|error\b|\bcrash|\bhang|\bstuck|\bfreez|\bfroze|\bgone\b|\bmissing\b|regress|\bwrong|incorrect"
    r"|\brefus|undefined|\brais(?:e|es|ed)\b|\bthrows?\b|\bthrew\b|exception|no longer|any ?more\b"
    r"|\bcannot\b|\bcan(?:'t| not)\b|\bunable"
    r"|(?:\bnot\b|n't\b|\bnever\b)(?: \w+){0,3} (?:work|load|run|pass|build|find|found|import|start|be|agree|match|come"
    r"|possible|respect|save|train|compile|exist|defined|available|there)"
    r"|\bit (?:is|does|was|did) not\b|\b(?:does|is|are|was|were)(?:n't| not)[ :,.]*$|\bbug\b"
    r"|\b(?:does|do|did)(?:n't| not) (?:(?:in|on|with|under)\b|v?\d+\.\d)"
    r"|\u62a5\u9519|\u51fa\u9519|\u9519\u8bef|\u5931\u8d25|\u5d29\u6e83|\u65e0\u6cd5|\u4e0d\u80fd"  # error, fails
    r"|\b(?:is|was|were|been|got|get|gets|are) (?:removed|dropped) (?:in|from|since|as of|with)\b"
    r"|(?<!\bto )\breproduc(?:e[sd]?|ible)\b|\bable to reproduce"
    r"|\b(?:is|are|was|were|gets?|got) (?:lost|ignored)\b|\b(?:loses|ignores) (?:the|its|their|all|my)\b"
    r"|\bcaus(?:es?|ed|ing) (?:\w+ )?(?:issues?|problems?)\b"
    r"|\b(?:drop|loss|decrease|degradation) (?:in|of) (?:\w+ )?(?:performance|speed|accuracy)\b"
    r"|\bnan\b|\bslow|segfault|\bcore dump|\bleak|\u274c|\u2717|\bbad\b|\bdeadlock|\bstop(?:s|ped)?\b|\baffected\b",
    re.IGNORECASE,
)
_WORKING = re.compile(
    r"\bwork(?:s|ed|ing)?\b|\bfine\b|\bnormally\b|(?<!\bas )\bwell\b"
    r"|\b(?:is|was|are|were|looks?) normal\b|\b(?:is|was|were|are) green\b"
    r"|\bok(?:ay)?\b"
    r"|\bpass(?:es|ed|ing)?\b(?! (?:an?|the|it|its|this|these|them|my|from|to|through|via)\b(?! (?:\w+ )?tests?\b))"
    r"|succe(?:ed|ss)|\bgood\b|\bcorrect(?:ly)?\b"
    r"|as expected|(?:as|what) it should|\bbuilds\b|\bloads\b|\bruns\b"
    r"|\b(?:was|were) (?:there|defined|possible|right|allowed|supported|accepted)\b"
    r"|\bhad it\b|\b(?:keeps?|kept|preserves?d?) (?:the|its|their|all)\b"
    r"|\b(?:it|that|they) (?:can|does|do|did)\W*$|\b(?:was|were|am|are|is) able to\b"
    r"|\b(?:it|this|that)(?: is| was|['\u2019]s) (?:\w+ )?possible to\b"
    r"|\bcan (?:\w+ )?(?:load|read|run|train|save|import|open)\b"
    r"|\u6b63\u5e38|\u6210\u529f"  # normal, success
    r"|\b(?:is|was|are|were|stays?) (?:silent|quiet)\b"
    r"|\u2705|\u2713|\bshows? the right|\bis right\b"
    r"|\bthe right (?:shape|value|result|output|answer|number|type)s?\b|\bunaffected",
    re.IGNORECASE,
)
# `The same with 3.4.0`, `also happens with 3.4.0`: what the reporter sees elsewhere is the problem.
_SAME = re.compile(
    r"\bthe same(?: (?:error|problem|issue|result|thing|behaviou?r|happens))? (?:with|in|on|for|using|under)\b"
    r"|\b(?:exhibits?|shows?|has|have|had|sees?|saw|gives?|gave|gets?|got) the same"
    r" (?:error|problem|issue|bug|behaviou?r)\b"
    r"|\balso (?:happens?|happened|occurs?|occurred|appears?|appeared|present|seen)\b"
    r"|\b(?:happens?|occurs?|appears?) (?:also|too|as well)\b",
    re.IGNORECASE,
)
# `seen with 3.4.1 and 3.5.0`
_SEEN = re.compile(
    r"\b(?:seen|observed|happens?|happening|occurs?|only|appears?|started|began) (?:also |to \w+ )?"
    r"(?:with|in|on|under|since)\b"
    r"|\b(?:has|have|had|having|gets?|got|getting|sees?|saw|seeing|faced?|facing) (?:this|that|the|an?) (?:\w+ )?"
    r"(?:issue|problem|bug)\b"
    r"|\bis back (?:in|with)\b|\bko\b|\b(?:see|hit|get) (?:it|this)\W*$|\bonly \w+ shows? (?:it|this)\b",
    re.IGNORECASE,
)
_STILL = re.compile(r"\bstill\b|\bpersists?\b", re.IGNORECASE)
# `doesnt`, and the apostrophes of telephones and word processors.
_WITHOUT_APOSTROPHE = re.compile(
    r"\b(does|do|did|is|was|are|were|has|have|had|could|would|should|ca|wo)n['\u2019\u00b4`]?t\b", re.IGNORECASE
)
_MARKS = re.compile(
    r":(?:(?P<good>white_check_mark|heavy_check_mark|ballot_box_with_check|\+1|thumbsup|green_circle)"
    r"|x|negative_squared_cross_mark|-1|thumbsdown|red_circle|no_entry):|(?P<bad>\u2716|\U0001f534)"
)
NOT_IN = re.compile(
    r"\s*(?:not|neither) (?:(?:present|there|seen|visible) )?"
    r"(?:(?:in|on|with|from|after|since|for)\b|[<>]=? ?[`\"']?\d)",
    re.IGNORECASE,
)
# `fails in Keras 3, not Keras 2`; an edit corrects a slip of the pen, and says nothing
_NEGATED = re.compile(r"(?P<edit>\bedit\W+)?(?<!\bdoes )(?<!\bdo )(?<!\bdid )\bnot[\s`'\"*]*$", re.IGNORECASE)
# `a minimal working example` says of no version that it works.
_EXAMPLE = re.compile(r"\bworking (?:code )?(?:example|sample|snippet|script)\b", re.IGNORECASE)
_SHOULD_RAISE = re.compile(r"\binstead of (?:raising|an? (?:\w+ )?(?:error|exception)|an? `?\w+Error)", re.IGNORECASE)
_WAS_RAISED = re.compile(r"(?:was|is|were|got|gets) raised|\brais(?:ed|es) an?\b", re.IGNORECASE)
# Headings of what should happen; a title such as `Layer expected 2 variables` is none.
_WISH = re.compile(
    r"^\W*(?:i )?expect(?:ed|ation)?s?\W*$|\bexpect(?:ed|ation)?s?\b[^\n]{0,20}\b"
    r"(?:behaviou?rs?|results?|outputs?|outcomes?|happen|see|prints?|actual)\b|\bwhat\b[^\n]{0,40}\bexpect"
    r"|feature request",
    re.IGNORECASE,
)
# The label of what should be seen: `Expected output (TF 2.8):`
_LABEL_OF_WISH = re.compile(
    r"\W*(?:the )?(?:expected|correct|right|good) (?:output|result|behaviou?r|value|outcome|number)s?\b[^.;\n]{0,60}$",
    re.IGNORECASE,
)
# `Output with TF 2.1.0:`
_LABEL_OF_OUTPUT = re.compile(
    r"\W*(?:the )?(?:outputs?|results?|prints?|logs?)\b(?: \w+){0,2}? (?:with|in|on|under|for|of|from|using)\b",
    re.IGNORECASE,
)
COMPARED_WITH = r"\bcompared (?:to|with)\b[^,;:()]{0,40}$"
"""The end of a text before the version that another one is compared with."""
# `anything newer than 3.6 fails`, `all versions before 3.7 work`, `5 times slower than with 3.3.3`
_OUTSIDE = re.compile(
    r"\b(?:than|past|beyond|until|up to|prior to|before|above|below)"
    rf"(?: (?:with|in|on|under|version|the|keras|tf))*\s+\W*$|{COMPARED_WITH}",
    re.IGNORECASE,
)
# `Requires keras 3.1.0 or later, fails otherwise`
_REQUIRED = re.compile(r"\b(?:requires?|required|needs?|needed|at least|minimum)\b(?:\W+\w+){0,2}?\W*$", re.IGNORECASE)
_OR_LATER = re.compile(r"[`*\"' ]*(?:\+|(?:or|and) (?:later|newer|higher|above|up|greater))", re.IGNORECASE)

# `Please try 3.9`, `it should work in 3.9`, `let me know if it works with 3.9`
_NOT_SEEN = re.compile(
    r"\b(?:please|can you|could you|kindly)\s+(?:\w+\s+)?(?:try|test|confirm|verify|updat|upgrad"
    r"|downgrad|us|install|run|let|provid|shar|check(?! (?:out |in )?(?:the|this|my) |\W))\w*"
    r"|\b(?:should|would|will|might|may|maybe|perhaps|probably|hopefully|guess|think|believe|suspect|plan\w*)\b"
    r"|\bcould\b(?! not|n't)|\bwhether\b|\bif (?:it|this|that|the|you)\b|\b(?:let|see|know|check) .{0,40}\bif\b",
    re.IGNORECASE,
)


# `It should work in TF 2.5`; `should be fixed in 2.5` is a statement
_WISHED = re.compile(
    r"\b(?:should|ought to|would|must)(?:n['\u2019]t| not)?(?: (?!have\b|be fixed\b)\w+){0,2}"
    r" (?:work|run|pass|load|train|build|be (?:ok(?:ay)?|fine|possible|able|correct))\b",
    re.IGNORECASE,
)
# `with 2.4 it works, but this is not the case with 2.3`
_NOT_THE_CASE = re.compile(r"\b(?:is|are)(?: not|n['\u2019]t) (?:so|the case)\b", re.IGNORECASE)


def is_wished(clause: str) -> bool:
    """Return whether a clause says what should work, and not what does."""
    return _WISHED.search(clause) is not None and verdict_of(clause) is Says.WORKS


def denies(clause: str) -> bool:
    """Return whether a clause says that the one before it does not hold of its version."""
    return _NOT_THE_CASE.search(clause) is not None and verdict_of(clause) is None


def verdict_of(text: str) -> Says | None:
    """Return whether a clause says that a version works or fails, or None."""
    text = " ".join(text.split())  # sentences go over several lines
    text = _MARKS.sub(lambda found: "\u2705" if found["good"] else "\u274c", _EXAMPLE.sub("example", text))
    text = _WITHOUT_APOSTROPHE.sub(r"\1n't", text)
    if _NOT_FAILING.search(text) and not _STILL.search(text):
        return Says.WORKS
    if _FAILING.search(text) or NOT_IN.match(text):
        return Says.FAILS
    if _WORKING.search(text):
        return Says.WORKS
    return Says.FAILS if _SAME.search(text) or _SEEN.search(text) else None


def is_observation(text: str) -> bool:
    """Return whether a clause says what someone saw: it is no question, no advice and no guess."""
    return _NOT_SEEN.search(text) is None and not text.rstrip(" )*\"'`").endswith("?")


def raises_rightly(clause: str, text: str) -> bool:
    """Return True if a clause says that an exception was raised, and the text around it that one should be."""
    return _SHOULD_RAISE.search(text) is not None and _WAS_RAISED.search(clause) is not None


def is_wish(heading: str) -> bool:
    """Return whether a heading announces what should happen: `Expected behavior`."""
    return _WISH.search(heading) is not None


def is_label_of_wish(before: str) -> bool:
    """Return whether the words from the beginning of a clause to a version announce what should be seen there."""
    return _LABEL_OF_WISH.match(before) is not None


def is_label_of_output(clause: str) -> bool:
    """Return whether a clause announces what a version prints, and judges nothing."""
    return _LABEL_OF_OUTPUT.match(clause) is not None and verdict_of(clause) is None


def is_required(before: str) -> bool:
    """Return whether the words before a version say that it is required."""
    return _REQUIRED.search(before) is not None


def is_least(before: str, after: str) -> bool:
    """Return whether the words around a required version say that it is the first that works: `3.1.0 or later`."""
    return _OR_LATER.match(after) is not None or "at least" in before.lower()


def negation(before: str) -> str:
    """Return `not` if a version is one of which the opposite holds, `edit` if nothing holds of it, else nothing."""
    found = _NEGATED.search(before)
    return "" if found is None else "edit" if found["edit"] else "not"


def is_outside(before: str) -> bool:
    """Return whether the words before a version say that it is not among those that are meant: `newer than 3.6`."""
    return _OUTSIDE.search(before) is not None
