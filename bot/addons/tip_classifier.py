"""The tip model as a component of Rasa's pipeline.

Gives each message its intent (`report`, `out_of_scope`, `faq_reward` …) and fields of our own that travel with the
message into the conversation and to the action server:

    violations     [{"type": "gas_leak", "confidence": 0.93, "words": [[3, 7]]}, …]  ranked
    in_scope       whether it is a safety matter; `scope_confidence` the probability that it is
    matter         when it is none: what it is about (`wages`, `noise` …), else null
    model_version  content hash of the trained model, kept with every tip
"""

from __future__ import annotations

# ruff: noqa: UP006, UP035 - Rasa compares these annotations with its own, which are of the old kind
import logging
from pathlib import Path
from typing import Any, Dict, List

import rasa.shared.utils.cli
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from addons.sentences import Sentence, make_sentence
from addons.violation_model import Aids, Reading, TipModel

logger = logging.getLogger(__name__)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TipClassifier(GraphComponent, IntentClassifier):
    """Trains, keeps and applies a `TipModel`. Paths are relative to the repository root and only read in training."""

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {
            "dictionary_path": "nlu_data/user_dictionary",
            "vectors_path": "nlu_data/word_vectors/wikipedia_zh.npz",
            "scenes_path": "nlu_data/scenes.yml",
        }

    @staticmethod
    def required_packages() -> List[str]:
        return ["jieba", "sklearn"]

    @staticmethod
    def supported_languages() -> List[str] | None:
        return ["zh"]

    def __init__(
        self, config: Dict[str, Any], storage: ModelStorage, resource: Resource, model: TipModel | None = None
    ) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self.model = model

    @classmethod
    def create(
        cls, config: Dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> TipClassifier:
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TipClassifier:
        """A damaged model raises DamagedModel: Rasa then does not start, which the supervisor reports."""
        with model_storage.read_from(resource) as folder:
            model = TipModel.load(lambda name: (folder / name).read_bytes())
        return cls(config, model_storage, resource, model)

    def train(self, training_data: TrainingData) -> Resource:
        sentences = [_sentence(message) for message in training_data.intent_examples]
        paths = (Path(self._config[name]) for name in ("dictionary_path", "vectors_path", "scenes_path"))
        aids = Aids.read(*paths)
        self.model = TipModel.fit(sentences, aids, say=rasa.shared.utils.cli.print_info)
        with self._storage.write_to(self._resource) as folder:
            self.model.save(folder)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        assert self.model is not None, "the component is used before it was trained or loaded"
        for message in messages:
            if not (message.get(TEXT) or "").startswith("/"):  # a button's payload names its intent itself
                self._describe(message, self.model.read(message.get(TEXT) or ""))
        return messages

    def _describe(self, message: Message, reading: Reading) -> None:
        assert self.model is not None
        ranking = [{"name": name, "confidence": confidence} for name, confidence in reading.ranking]
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        for name, value in tip_fields(reading, self.model.version).items():
            message.set(name, value, add_to_output=True)


def tip_fields(reading: Reading, model_version: str) -> Dict[str, Any]:
    """Our own fields of a parsed message, as JSON data."""
    return {
        "violations": [
            {"type": found.type, "confidence": found.confidence, "words": [list(span) for span in found.words]}
            for found in reading.violations
        ],
        "in_scope": reading.in_scope,
        "scope_confidence": reading.scope_confidence,
        "matter": reading.matter,
        "model_version": model_version,
    }


def _sentence(message: Message) -> Sentence:
    metadata = (message.get(METADATA) or {}).get(METADATA_INTENT)
    return make_sentence(message.get(TEXT), message.get_full_intent(), metadata)
