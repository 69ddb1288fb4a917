"""What can be done to resources, one file per action and cloud. ``model`` says what an action is."""
