"""Models of many makes, whose outputs and gradients in torch are compared with onnxruntime and finite differences.

``python -m benchmarks.zoo`` exports or downloads them into ``build/zoo`` and prints the table of
docs/gradients-through-onnx.md, which ``--write-docs`` writes anew.
"""
