"""appliance tls: the box's own certificate authority and certificate."""

from datetime import datetime
from pathlib import Path

import click

from appliance.cli.serve import load_settings
from appliance.errors import CertificateRefused
from appliance.network.box_names import BoxNames
from appliance.network.tls_folder import TlsFolder
from appliance.settings import Settings


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Directory for everything that is kept."
)
@click.pass_context
def tls(context: click.Context, config: Path | None, data: Path | None) -> None:
    """Encrypt what goes between the box and other devices. A running box takes it up by itself."""
    context.obj = load_settings(config, data=data)


@tls.command()
@click.option(
    "--again", is_flag=True, help="Make a new authority; every device has to trust it anew."
)
@click.pass_obj
def init(settings: Settings, again: bool) -> None:
    """Make the box a certificate authority, and turn encryption on."""
    from appliance.network.authority import today
    from appliance.network.certificates import turn_on

    if TlsFolder(settings.data_dir).is_there and not again:
        raise CertificateRefused(
            "The box has a certificate authority already. `appliance tls show` shows it; --again "
            "makes a new one, and every device has to trust that anew."
        )
    _refuse_own_files(settings)
    names = _names(settings)
    turn_on(settings.data_dir, names, today())
    port = settings.server.port
    click.echo(f"Made a certificate authority for {names.on_lan} and this box's other names.")
    _show_fingerprint(settings)
    click.echo(
        f"Open http://{names.on_lan}:{port}/trust on each device: it says in three steps how the "
        "device comes to trust the box."
    )


@tls.command()
@click.pass_obj
def show(settings: Settings) -> None:
    """Say what is certified, until when, and the fingerprint to compare."""
    from appliance.network.authority import facts_of, speakable

    folder = TlsFolder(settings.data_dir)
    if settings.server.certificate is not None:
        click.echo(f"The box shows your own certificate, {settings.server.certificate}.")
    authority = folder.authority_certificate()
    if authority is None:
        click.echo("The box has no certificate authority; `appliance tls init` makes one.")
        return
    _show_fingerprint(settings)
    _show_end("The authority", facts_of(authority).expires_at)
    names = _names(settings).all()
    unsaid = sorted(set(names) - set(speakable(authority, names)))
    if unsaid:
        click.echo(f"It may not speak for {', '.join(unsaid)}: there browsers warn.")
    try:
        facts = facts_of(_certificate_in(folder.server))
    except OSError:
        click.echo("The certificate is made when the box is asked for it.")
        return
    _show_end("The certificate", facts.expires_at)
    click.echo(f"Names: {', '.join(sorted(facts.names))}")
    click.echo(f"Addresses: {', '.join(sorted(facts.addresses))}")


@tls.command()
@click.pass_obj
def renew(settings: Settings) -> None:
    """Make a new certificate now; the box does so by itself in time. No device notices."""
    folder = TlsFolder(settings.data_dir)
    _refuse_missing(folder)
    folder.forget_server()
    click.echo("The box makes a new certificate with the next connection over TLS.")


@tls.command()
@click.confirmation_option(
    prompt="Devices are then served unencrypted, and a new authority has to be trusted anew. Go on?"
)
@click.pass_obj
def remove(settings: Settings) -> None:
    """Turn encryption off, and delete the authority with its key."""
    folder = TlsFolder(settings.data_dir)
    _refuse_missing(folder)
    folder.remove()
    click.echo("Removed. Take the authority off the devices that trusted it, too.")


def _names(settings: Settings) -> BoxNames:
    return BoxNames(settings.server.names, settings.data_dir)


def _refuse_missing(folder: TlsFolder) -> None:
    if not folder.is_there:
        raise CertificateRefused(
            "The box has no certificate authority; `appliance tls init` makes one."
        )


def _refuse_own_files(settings: Settings) -> None:
    if settings.server.certificate is not None:
        raise CertificateRefused(
            "The settings name a certificate of your own (server.certificate), and the box shows "
            "that. Take it out of the settings first."
        )


def _show_fingerprint(settings: Settings) -> None:
    from appliance.network.authority import facts_of

    authority = TlsFolder(settings.data_dir).authority_certificate()
    if authority:
        click.echo(f"Fingerprint (SHA-256): {facts_of(authority).fingerprint}")


def _show_end(what: str, end: datetime) -> None:
    click.echo(f"{what} is valid until {end:%Y-%m-%d}.")


def _certificate_in(file: Path) -> bytes:
    content = file.read_bytes()
    return content[content.find(b"-----BEGIN CERTIFICATE-----") :]
