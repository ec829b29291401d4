"""What people schedule: reminders, and work for the agent."""

from personal_assistant.ai.manager import AITaskManager
from personal_assistant.ai.model import AITask, AITaskError, AITaskNotFoundError

__all__ = ["AITask", "AITaskError", "AITaskManager", "AITaskNotFoundError"]
