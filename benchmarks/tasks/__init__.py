"""One small trained model for each task, as an ONNX file and as a PyTorch module; `docs/tasks.md` shows the figures."""
