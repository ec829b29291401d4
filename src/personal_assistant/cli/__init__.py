"""The `assistant` command. Each file is one group; heavy imports happen inside the commands."""
