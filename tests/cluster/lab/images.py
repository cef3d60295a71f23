"""Images without Docker or a registry: pack a recipe, build a Dockerfile (buildah, chroot), import the archive."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import shutil
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .common import BIN, CACHE, CTR, HERE, say, sh
from .recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Iterator

STORE = CACHE / "images"
BUILDAH = ("buildah", f"--root={CACHE}/buildah", f"--runroot={CACHE}/buildah-run", "--storage-driver=overlay")
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def recipe(name: str) -> Path:
    """Return the archive of a recipe; made once for one state of the files that go into it."""
    tag, make, config = RECIPES[name]
    sources = [HERE / "recipes.py", HERE / "docker-entrypoint.sh", *sorted((HERE / "app").iterdir())]
    state = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    archive = STORE / f"{name}-{state}.tar"
    if not archive.exists():
        say(f"making the image {tag}")
        with scratch() as root, scratch() as other:
            make(root, lambda: other)
            pack(tag, root, config, archive)
        for old in STORE.glob(f"{name}-*.tar"):
            if old != archive:
                old.unlink()
    return archive


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a temporary directory in the cache, for a root file system that others may read."""
    STORE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="root-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def pack(name: str, root: Path, config: dict[str, object], archive: Path) -> None:
    """Write a directory as a single-layer image archive (the format of `docker save`)."""
    with tempfile.NamedTemporaryFile(dir=archive.parent, suffix=".layer") as layer:
        sh("tar", "-C", root, "--numeric-owner", "--sort=name", "-cf", layer.name, ".")
        with Path(layer.name).open("rb") as data:
            digest = hashlib.file_digest(data, "sha256").hexdigest()
        image = {
            "architecture": ARCHITECTURE,
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "history": [{"created_by": "lab"}],
        }
        text = json.dumps(image).encode()
        own_name = hashlib.sha256(text).hexdigest() + ".json"
        manifest = json.dumps([{"Config": own_name, "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
        part = archive.with_suffix(".part")
        with tarfile.open(part, "w") as tar:
            for member, content in ((own_name, text), ("manifest.json", manifest)):
                info = tarfile.TarInfo(member)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            tar.add(layer.name, "layer.tar")
        part.rename(archive)


def variant(name: str, tag: str, **config: object) -> Path:
    """Return the archive of a recipe's image with another configuration, and nothing but that.

    It is an OCI layout without the layer, which containerd must have from the recipe's own archive.
    https://github.com/opencontainers/image-spec/blob/main/image-layout.md
    """
    with tarfile.open(recipe(name)) as tar:
        listed = json.load(tar.extractfile("manifest.json") or io.BytesIO())
        image = json.load(tar.extractfile(listed[0]["Config"]) or io.BytesIO())
        size = tar.getmember("layer.tar").size
    image["config"] |= config
    kind = "application/vnd.oci.image"
    blobs: dict[str, bytes] = {}

    def blob(content: dict[str, object], media_type: str) -> dict[str, object]:
        text = json.dumps(content).encode()
        digest = hashlib.sha256(text).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = text
        return {"mediaType": f"{kind}.{media_type}", "digest": f"sha256:{digest}", "size": len(text)}

    layer = {"mediaType": f"{kind}.layer.v1.tar", "digest": image["rootfs"]["diff_ids"][0], "size": size}
    manifest = {"schemaVersion": 2, "config": blob(image, "config.v1+json"), "layers": [layer]}
    named = blob(manifest, "manifest.v1+json") | {"annotations": {"io.containerd.image.name": f"docker.io/{tag}"}}
    blobs["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [named]}).encode()
    blobs["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    archive = STORE / f"{tag.replace('/', '-').replace(':', '-')}.oci"
    with tarfile.open(archive, "w") as tar:
        for member, content in blobs.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return archive


def pause() -> Path:
    """Return the archive of the sandbox image that the kubelet wants for every Pod."""
    archive = STORE / "pause.tar"
    if not archive.exists():
        with scratch() as root:
            shutil.copy2(BIN / "pause", root / "pause")
            pack("lab/pause:1", root, {"Entrypoint": ["/pause"]}, archive)
    return archive


def load(archive: Path) -> None:
    """Import an archive into the cluster's containerd."""
    sh(*CTR, "images", "import", archive)


def build(tag: str, directory: Path, target: str) -> Path:
    """Build a stage of `directory/Dockerfile` on the lab's own Python image; nothing is ever pulled.

    Returns the archive of the image `tag` (a full name such as `localhost/lastcall:test`).
    """
    base = RECIPES["python"].tag
    archive = STORE / f"{target}.tar"
    if base not in sh(*BUILDAH, "images", "--format", "{{.Name}}:{{.Tag}}").split():
        sh(*BUILDAH, "pull", "--quiet", f"docker-archive:{recipe('python')}")
    say(f"building the image {tag}")
    options = (
        "--isolation=chroot",
        "--pull=never",
        "--quiet",
        "--layers",
        f"--build-arg=PYTHON_IMAGE={base}",
    )
    sh(*BUILDAH, "build", *options, f"--tag={tag}", f"--target={target}", directory, timeout=1800)
    archive.unlink(missing_ok=True)
    sh(*BUILDAH, "push", "--quiet", tag, f"docker-archive:{archive}:{tag}")
    return archive
