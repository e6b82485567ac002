"""advisor sample: text from the best model of a study."""

import json

import click

from advisor.cli import options
from studies import sampling
from studies.job import Sampling


@click.command()
@click.argument("study")
@click.option("--prompt", default="\n", metavar="TEXT", help="What the text goes on from; by default a new line.")
@click.option("--tokens", type=int, default=200, show_default=True, help="At most so many new tokens.")
@click.option(
    "--temperature", type=float, default=0.8, show_default=True, help="Below 1 bolder likely tokens; 0: the likeliest."
)
@click.option("--top-k", type=int, help="Only the likeliest so many tokens.")
@click.option("--top-p", type=float, help="Only the likeliest tokens that together have this share, 0 to 1.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draws.")
@options.store
@options.as_json
def sample(
    study: str, prompt: str, tokens: int, temperature: float, top_k: int | None, top_p: float | None, seed: int,
    store_url: str, as_json: bool,
) -> None:  # fmt: skip
    """Write text with the model of STUDY's best trial, on this machine's device.

    A study of pairs makes a target of the source in the prompt; one of token files takes and writes numbers. Control
    characters are escaped. The data of the study must still be there: they say how tokens are spelled.
    """
    how = Sampling(tokens=tokens, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
    text = sampling.sample(study, store=store_url, prompt=prompt, sampling=how)
    click.echo(json.dumps({"study": study, "prompt": prompt, "text": text}) if as_json else sampling.printable(text))
