"""Cases of the tokenizer and the chat template: tokenizer_cases.json."""
from __future__ import annotations

import random

from . import texts

ROLES = ("bos_token", "eos_token", "pad_token", "mask_token", "unk_token", "cls_token")
# Byte sequences that are no text or only part of one: cut characters, lone continuation bytes, overlong forms,
# surrogates, and bytes that no UTF-8 text has.
BROKEN = ["e4b8", "b8ad", "e4", "f09f98", "f09f9880", "41e4b842", "c328", "e28228", "eda080", "c0af", "fffe",
          "f8888080", "e4b8ade6"]
# The templates that the suite renders: LLaDA's headers, and ChatML.
KNOWN_TEMPLATES = ("<|start_header_id|>", "<|im_start|>")


def encode(tokenizer, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False))


def decode(tokenizer, ids: list[int], skip: bool) -> str:
    return tokenizer.decode(ids, skip_special_tokens=skip, clean_up_tokenization_spaces=False)


def readable(tokenizer, ids: list[int]) -> str:
    """For a reader only: rows of the embedding that are no token, which a model may predict, are passed over."""
    known = set(tokenizer.get_vocab().values())
    return decode(tokenizer, [id_ for id_ in ids if id_ in known], False)


def decoding_case(tokenizer, ids: list[int]) -> dict:
    return {"ids": ids, "decoded": decode(tokenizer, ids, False), "decoded_skip_special": decode(tokenizer, ids, True)}


def byte_letters() -> list[str]:
    """The letter that byte-level BPE writes for each byte: itself where it is printable, else the next of U+0100..."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = (byte for byte in range(256) if byte not in printable)
    stand_in = {byte: chr(0x100 + place) for place, byte in enumerate(hidden)}
    return [stand_in.get(byte, chr(byte)) for byte in range(256)]


def ids_of_bytes(tokenizer, data: bytes) -> list[int] | None:
    """One token for each byte, or None where the vocabulary has no such tokens."""
    vocabulary, letters = tokenizer.get_vocab(), byte_letters()
    ids = [vocabulary.get(letters[byte], vocabulary.get(f"<0x{byte:02X}>")) for byte in data]
    return None if None in ids else ids


def decode_only(tokenizer, seed: int) -> list[dict]:
    chance = random.Random(seed)
    known = sorted(set(tokenizer.get_vocab().values()))
    broken = [ids_of_bytes(tokenizer, bytes.fromhex(data)) for data in BROKEN]
    drawn = [[chance.choice(known) for _ in range(10)] for _ in range(8)]
    return [decoding_case(tokenizer, ids) for ids in broken + drawn if ids is not None]


def encode_texts(tokenizer) -> list[str]:
    """The fixed texts, and some made of the tokenizer's own added tokens."""
    added = [str(token) for token in tokenizer.added_tokens_decoder.values()]
    first, last = added[:1], added[-1:]
    around = [f"x{token} y\n{token}{token} " for token in dict.fromkeys(first + last)]
    return texts.ENCODE + added[:40] + around + [f"e{token[:-1]} {token}\u0301" for token in last]


def chat_cases(tokenizer) -> list[dict]:
    template = getattr(tokenizer, "chat_template", None) or ""
    if not any(mark in template for mark in KNOWN_TEMPLATES):
        return []
    cases = []
    for chat in texts.CHATS:
        messages = [{"role": role, "content": content} for role, content in chat]
        for prompt in (True, False):
            rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt)
            cases.append({"messages": messages, "add_generation_prompt": prompt, "rendered": rendered,
                          "ids": encode(tokenizer, rendered)})
    return cases


def special_roles(tokenizer) -> dict:
    given = tokenizer.special_tokens_map
    return {role: {"token": given.get(role),
                   "id": tokenizer.convert_tokens_to_ids(given[role]) if role in given else None} for role in ROLES}


def skipped_ids(tokenizer) -> list[int]:
    candidates = sorted({*tokenizer.added_tokens_decoder, *tokenizer.all_special_ids})
    return [id_ for id_ in candidates if not decode(tokenizer, [id_], True) and decode(tokenizer, [id_], False)]


def tokenizer_cases(tokenizer, reference: str, seed: int, chat_group: str = "chat") -> dict:
    encoded = [(text, encode(tokenizer, text)) for text in encode_texts(tokenizer)]
    cases = {"reference": reference, "vocab": {"base": tokenizer.vocab_size, "total": len(tokenizer)},
             "special": special_roles(tokenizer), "skipped_by_skip_special": skipped_ids(tokenizer),
             "encode": [{"text": text, **decoding_case(tokenizer, ids)} for text, ids in encoded],
             "decode_only": decode_only(tokenizer, seed)}
    if chats := chat_cases(tokenizer):
        cases[chat_group] = chats
    return cases


def prompt_ids(tokenizer, text: str) -> list[int]:
    """The prompt as a user sends it: by the chat template where there is one."""
    if getattr(tokenizer, "chat_template", None):
        message = [{"role": "user", "content": text}]
        text = tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
    return encode(tokenizer, text)
