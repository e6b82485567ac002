"""advisor token: who may use the service."""

import json

import click

from advisor.cli import options
from advisor.errors import InputError, one_line


@click.command()
@click.argument("verb", type=click.Choice(["new", "list", "revoke"]))
@click.argument("name", required=False)
@options.store
@options.as_json
def token(verb: str, name: str | None, store_url: str, as_json: bool) -> None:
    """Make, list or revoke the tokens by which the service knows who may use it.

    A new token is printed once: the store keeps its digest alone. NAME says whose it is.
    """
    import studies  # what they import is needed only now
    from advisor.http.tokens import Tokens

    with studies.open_store(store_url, create=verb == "new") as store:
        tokens = Tokens(store)
        if verb == "list":
            found = tokens.all()
            click.echo(
                json.dumps(found) if as_json else "\n".join(f"{one_line(t['name']):<24}{t['created']}" for t in found)
            )
        elif verb == "new":
            made = {"name": _named(name), "token": tokens.new(_named(name))}
            click.echo(json.dumps(made) if as_json else made["token"])
        else:
            tokens.revoke(_named(name))
            click.echo(json.dumps({"revoked": name}) if as_json else f"revoked {name}")


def _named(name: str | None) -> str:
    if name is None:
        raise InputError("NAME", expected="a name for the token, such as that of who will use it", got=None)
    return name
