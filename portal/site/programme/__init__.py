"""The pages of the programme's settings on the workbench."""
