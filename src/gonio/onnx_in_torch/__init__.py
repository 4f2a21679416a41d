"""ONNX files in PyTorch, for whoever has a network as a file and wants it there: to run it, or to learn from it.

Modules here import torch and onnx at their top; the room is loaded only where PyTorch is asked for.
"""
