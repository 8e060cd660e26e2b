"""question -> retrieve -> extract, or prompt -> model -> cite -> Answer."""
