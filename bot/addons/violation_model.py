"""What a text reports: violation types, whether it is a safety matter at all, and what its writer wants.

Pure model over texts: no Rasa, no files but the two it is asked to save to or load from. Training needs scikit-learn,
reading a text needs numpy, scipy and jieba only.

* Types: a linear machine per core type (see `linear_model`); several types may hold for one text.
* Scope: decided by the margin between the best type and the out-of-scope machine, never by a softmax; the border is
  put where a fixed small share of tips would be lost in cross-validation over sentence families.
* Confidence: logistic function of a type's margin and of its lead over the next type, fitted on out-of-fold margins.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from addons.calibration import LISTED_TYPES, Calibration, calibrate, scope_scores, type_confidences
from addons.chinese_text import Folded, fold
from addons.families import families, folds
from addons.features import Featurizer, teach_jieba
from addons.highlights import word_spans
from addons.linear_model import LinearTextModel
from addons.outcome import outcome_of, summary
from addons.scenes import Scenes
from addons.sentences import OTHER_TYPE, OUT_OF_SCOPE, REPORT, Sentence
from addons.user_words import read_user_words
from addons.word_vectors import WordVectors

FORMAT = 1
SETTINGS_FILE, ARRAYS_FILE = "tip_model.json", "tip_model.npz"
CALIBRATION_FOLDS = 4
TIPS_FOR_INTENTS = 800
# Said by somebody who reports nothing (yet). The other intents (adding to a tip, objecting to a finding …) speak of
# hazards themselves and would be wrong as negative examples.
NO_TIP_INTENTS = frozenset(
    "ask_progress faq_reward faq_confidential faq_scope faq_deadline faq_how claim_reward talk_to_person thanks affirm "
    "deny dont_know skip start_report restart_talk abuse".split()
)
Progress = Callable[[str], None]


class DamagedModel(Exception):
    """The model files are cut off, altered or of another version."""


@dataclass(frozen=True)
class Violation:
    """A core type, how probable it is (0-1) and the characters (start, end) of the text that speak for it."""

    type: str
    confidence: float
    words: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """All that is understood of one text. `violations` is ranked, also when out of scope (the person may insist)."""

    in_scope: bool
    scope_confidence: float
    violations: list[Violation]
    intent: str
    intent_confidence: float
    ranking: list[tuple[str, float]]
    matter: str | None = None  # what it is about when it is out of scope


@dataclass(frozen=True)
class Aids:
    """What the models know beside the training sentences."""

    user_words: Sequence[str] = ()
    vectors: WordVectors | None = None
    scenes: Scenes = Scenes()

    @classmethod
    def read(cls, dictionary: Path, vectors: Path, scenes: Path) -> Aids:
        """From the folder of user dictionaries, the file of word vectors and the file of places and units."""
        words = read_user_words(dictionary)
        teach_jieba(words)  # before the vectors are weighed by jieba's frequencies
        return cls(words, WordVectors.read(vectors), Scenes.read(scenes))


class TipModel:
    """The two linear models with their calibration."""

    def __init__(
        self,
        types: LinearTextModel,
        intents: LinearTextModel,
        calibration: Calibration,
        cross_validation: dict[str, Any] | None = None,
    ) -> None:
        """`cross_validation` is `outcome.summary` of its training, kept for people; reading does not use it."""
        self.types = types
        self.intents = intents
        self.calibration = calibration
        self.cross_validation = cross_validation
        self._other = types.labels.index(OTHER_TYPE)
        self._real = np.array([index for index, label in enumerate(types.labels) if label != OTHER_TYPE])
        self.version = self._content_hash()

    # ---- reading

    def read(self, text: str, with_words: bool = True) -> Reading:
        """Understand one raw text of any length and content; never fails on bad characters."""
        return self.read_folded(fold(text), with_words)

    def classify(self, text: str) -> tuple[bool, float, list[Violation]]:
        """Only scope, its confidence and the ranked types: for long lists, where nobody talks."""
        return self._types(fold(text), with_words=False)

    def read_folded(self, folded: Folded, with_words: bool = True) -> Reading:
        in_scope, scope_confidence, violations = self._types(folded, with_words)
        ranking = self._intent_ranking(folded.text, in_scope, scope_confidence, violations)
        matter = None if in_scope else self._matter(folded.text)
        return Reading(
            in_scope, round(scope_confidence, 4), violations, ranking[0][0], ranking[0][1], ranking[:5], matter
        )

    def _types(self, folded: Folded, with_words: bool) -> tuple[bool, float, list[Violation]]:
        margins = self.types.folded_margins(folded.text)
        in_scope, scope_confidence = self._scope(margins)
        confidences = type_confidences(margins[None, self._real], self.calibration.confidence)[0]
        ranked = np.argsort(-confidences)[:LISTED_TYPES]
        violations = []
        for place, position in enumerate(ranked):
            column = int(self._real[position])
            confidence = float(confidences[position])
            explained = with_words and place < 3 and (place == 0 or confidence > 0.1)
            words = word_spans(self.types, folded, column) if explained else []
            violations.append(Violation(self.types.labels[column], round(confidence, 4), words))
        return in_scope, scope_confidence, violations

    def _scope(self, margins: np.ndarray) -> tuple[bool, float]:
        score = scope_scores(margins[None, :], self._real, self._other, self.calibration.scope)[0]
        return bool(score >= self.calibration.scope_border), float(1 / (1 + np.exp(-score)))

    def _matter(self, text: str) -> str | None:
        """What an out-of-scope text is about (`wages`, `noise` …), to name the right number."""
        columns = [i for i, label in enumerate(self.intents.labels) if label.startswith(OUT_OF_SCOPE + "/")]
        if not columns:
            return None
        best = columns[int(np.argmax(self.intents.folded_margins(text)[columns]))]
        return self.intents.labels[best].partition("/")[2]

    def _intent_ranking(
        self, text: str, in_scope: bool, scope_confidence: float, violations: Sequence[Violation]
    ) -> list[tuple[str, float]]:
        """Intents with confidences, best first. Report or out of scope is decided by the types, not by the intents:
        a text that may be a tip is never turned away because it looks like another intent."""
        if is_number_and_code(text):
            return [("ask_progress", 1.0)]
        scores = self.intents.folded_margins(text) * self.calibration.intent_temperature
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        by_name: dict[str, float] = {}
        for label, share in zip(self.intents.labels, shares.tolist(), strict=True):
            name = label.partition("/")[0]
            by_name[name] = by_name.get(name, 0.0) + share
        told = by_name.pop(REPORT, 0.0) + by_name.pop(OUT_OF_SCOPE, 0.0)
        names = (REPORT, OUT_OF_SCOPE) if in_scope else (OUT_OF_SCOPE, REPORT)
        by_name[names[0]] = told * max(scope_confidence, 1 - scope_confidence)
        by_name[names[1]] = told - by_name[names[0]]
        ranking = sorted(by_name.items(), key=lambda item: -item[1])
        if len(text) > 15 and in_scope and violations[0].confidence > 0.6 and ranking[0][0] in NO_TIP_INTENTS:
            ranking = [(REPORT, ranking[0][1])] + [item for item in ranking if item[0] != REPORT]
        return [(name, round(float(share), 4)) for name, share in ranking]

    # ---- training

    @classmethod
    def fit(cls, sentences: Sequence[Sentence], aids: Aids, say: Progress = lambda line: None) -> TipModel:
        """Train types, intents and calibration. Takes about 5 times one fit of the types, because the calibration
        needs margins of texts that the machine has not seen."""
        sentences = aids.scenes.before(sentences)
        typed = typed_sentences(sentences)
        if aids.vectors:
            aids.vectors.remember(fold(sentence.text).text for sentence in sentences)
        say(f"{len(typed)} sentences for {len({s.types[0] for s in typed})} types, {len(sentences)} for the intents")
        margins, labels = out_of_fold_margins(typed, aids, say=say)
        calibration = calibrate(margins, labels, typed)
        read = summary(outcome_of(margins, labels, typed, calibration)) if OTHER_TYPE in labels else None
        say("fitting types and intents on all sentences")
        types = fit_types(typed, aids)
        intents = fit_intents(sentences, aids)
        if aids.vectors:
            aids.vectors.remember(())
        return cls(types, intents, calibration, read)

    # ---- files

    def save(self, folder: Path) -> None:
        """Write the two files; `load` refuses them when a byte has changed."""
        arrays, settings = self._packed()
        settings["version"] = self.version
        settings["cross_validation"] = self.cross_validation
        with open(folder / ARRAYS_FILE, "wb") as file:
            np.savez(file, **arrays)
        (folder / SETTINGS_FILE).write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, read_bytes: Callable[[str], bytes]) -> TipModel:
        """Load from files given by `read_bytes(name)`; raises DamagedModel when they do not belong together."""
        try:
            settings = json.loads(read_bytes(SETTINGS_FILE))
            if settings["format"] != FORMAT:
                raise DamagedModel(f"model format {settings['format']}, this program reads {FORMAT}")
            with np.load(io.BytesIO(read_bytes(ARRAYS_FILE)), allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            for name, array in arrays.items():
                part, *inner = name.split(".")
                holder = settings[part]
                for key in inner[:-1]:
                    holder = holder[key]
                holder[inner[-1]] = array
            teach_jieba(settings["types"]["featurizer"]["user_words"])
            vectors = WordVectors.from_state(settings["vectors"]) if "vectors" in settings else None
            model = cls(
                LinearTextModel.from_state(settings["types"], vectors),
                LinearTextModel.from_state(settings["intents"], vectors),
                Calibration(**{key: _plain(value) for key, value in settings["calibration"].items()}),
                settings.get("cross_validation"),
            )
        except DamagedModel:
            raise
        except Exception as error:
            raise DamagedModel(f"cannot read the model: {error}") from error
        if model.version != settings["version"]:
            raise DamagedModel("the model's content does not match its version")
        return model

    def _packed(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays: dict[str, np.ndarray] = {}
        settings: dict[str, Any] = {
            "format": FORMAT,
            "types": self.types.state(),
            "intents": self.intents.state(),
            "calibration": dict(vars(self.calibration)),
        }
        vectors = self.types.featurizer.vectors
        if vectors:
            settings["vectors"] = {"words": "\n".join(vectors.words)}
            arrays.update({"vectors.table": vectors.table, "vectors.centre": vectors.centre})
        for part in ("types", "intents"):
            state = settings[part]
            for holder, prefix in ((state, part), (state["featurizer"], f"{part}.featurizer")):
                for key in [key for key, value in holder.items() if isinstance(value, np.ndarray)]:
                    arrays[f"{prefix}.{key}"] = holder.pop(key)
        return arrays, settings

    def _content_hash(self) -> str:
        arrays, settings = self._packed()
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True, ensure_ascii=False).encode())
        for name in sorted(arrays):
            digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
        return digest.hexdigest()[:12]


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def is_number_and_code(text: str) -> bool:
    """A tip's number or code, alone or with the word for it (folded text: digits are 0)."""
    if "0" not in text or len(text) > 30:
        return False
    return any(word in text for word in ("编号", "密码", "查询码", "单号")) or all(c in "0-—_:：,，/" for c in text)


# ---- the steps of training, also used by the evaluation


def typed_sentences(sentences: Iterable[Sentence]) -> list[Sentence]:
    """The sentences the types learn from: tips, out-of-scope texts, and talk that reports nothing."""
    typed = []
    for sentence in sentences:
        if sentence.types:
            typed.append(sentence)
        elif sentence.intent in NO_TIP_INTENTS:
            typed.append(Sentence(sentence.text, sentence.intent, None, (OTHER_TYPE,), "talk"))
    return typed


def fit_types(typed: Sequence[Sentence], aids: Aids) -> LinearTextModel:
    return LinearTextModel.fit(
        [sentence.text for sentence in typed],
        [sentence.types for sentence in typed],
        Featurizer(user_words=aids.user_words, vectors=aids.vectors),
    )


def _intent_label(sentence: Sentence) -> str:
    """The intent; out of scope with its matter, so that the reporter is told the right number."""
    if sentence.intent == OUT_OF_SCOPE and sentence.detail:
        return f"{OUT_OF_SCOPE}/{sentence.detail}"
    return sentence.intent


def fit_intents(sentences: Sequence[Sentence], aids: Aids) -> LinearTextModel:
    """Tips are thinned out: there are a hundred times more of them than of any other intent."""
    tips = [index for index, sentence in enumerate(sentences) if sentence.intent == REPORT]
    kept = set(np.random.RandomState(7).permutation(tips)[:TIPS_FOR_INTENTS].tolist())
    chosen = [s for index, s in enumerate(sentences) if s.intent != REPORT or index in kept]
    return LinearTextModel.fit(
        [sentence.text for sentence in chosen],
        [[_intent_label(sentence)] for sentence in chosen],
        Featurizer(user_words=aids.user_words, vectors=aids.vectors),
    )


def out_of_fold_margins(
    typed: Sequence[Sentence],
    aids: Aids,
    count: int = CALIBRATION_FOLDS,
    fit: Callable[[Sequence[Sentence], Aids], LinearTextModel] | None = None,
    say: Progress = lambda line: None,
) -> tuple[np.ndarray, list[str]]:
    """Margins (texts by labels) of each sentence by a model that has seen none of its family, and the labels."""
    labels = sorted({label for sentence in typed for label in sentence.types})
    margins = np.full((len(typed), len(labels)), -1.0, dtype=np.float32)
    fold_of = folds([s.types[0] for s in typed], families([fold(s.text).text for s in typed]), count)
    for number in range(count):
        say(f"calibrating, part {number + 1} of {count}")
        learn = [sentence for sentence, f in zip(typed, fold_of, strict=True) if f != number]
        test = np.flatnonzero(fold_of == number)
        model = (fit or fit_types)(learn, aids)
        columns = [labels.index(label) for label in model.labels]
        margins[np.ix_(test, columns)] = model.margins([typed[index].text for index in test])
    return margins, labels
