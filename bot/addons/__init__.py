"""Our own parts of Rasa: the classifier of tips, the one channel, the conversation store."""
