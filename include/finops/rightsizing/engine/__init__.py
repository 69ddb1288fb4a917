"""Plans actions, has them approved, applies them step by step, and can undo them: all of it journalled."""
