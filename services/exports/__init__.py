"""Figures and lists as files: asked for, made in the background, kept for a while; questions that are saved and answered by schedule."""
