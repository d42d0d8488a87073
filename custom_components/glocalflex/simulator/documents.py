"""The types of JSON."""

type Json = str | float | bool | list[Json] | dict[str, Json] | None
type Document = dict[str, Json]
