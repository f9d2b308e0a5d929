#!/usr/bin/env python3
"""Turns the GGUF file of SmolLM2-135M-Instruct into an ordinary Hugging Face folder of the Llama family.

    convert_smollm2.py MODEL.gguf FOLDER

Needs the packages gguf and numpy. The same GGUF always gives the same bytes. Weights are stored in float32: float16 moves the
16-bit perplexity by only 0.01 %, but weights that lie on a 4-bit grid are near the ties of another one, and the perplexity of plain
rounding (W4A4) moves by 10 %.
"""
import json
import struct
import sys
from pathlib import Path

import numpy
from gguf import GGUFReader
from gguf.quants import dequantize

CONTROL_TOKEN = 3  # of gguf.TokenType
STORED = numpy.dtype("<f4")

# GGUF name -> Hugging Face name; {} is the number of the block.
OUTER_TENSORS = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}
BLOCK_TENSORS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


class Gguf:
    def __init__(self, path):
        self.reader = GGUFReader(path)

    def value(self, key):
        return self.reader.fields[key].contents()

    def real(self, key):
        """GGUF holds float32; the shortest decimal that means it is what config.json had."""
        return float(str(numpy.float32(self.value(key))))


def heads_of(gguf, name):
    """Number of heads whose rows the tensor holds, 0 where none are permuted."""
    keys = {"attn_q": "llama.attention.head_count", "attn_k": "llama.attention.head_count_kv"}
    return gguf.value(keys[name]) if name in keys else 0


def half_split(weight, heads):
    """Rows of each head from pairs (0, 1), (2, 3), ... of the rotary embedding to pairs (i, i + K/2) [heads * K, D]."""
    return weight.reshape(heads, -1, 2, weight.shape[-1]).swapaxes(1, 2).reshape(weight.shape)


def hugging_face_name(gguf_name):
    parts = gguf_name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{BLOCK_TENSORS[parts[2]]}.weight"
    return f"{OUTER_TENSORS[parts[0]]}.weight"


def read_tensors(gguf):
    """Hugging Face name -> array; the head is the embedding, as in the original."""
    tensors = {}
    for tensor in gguf.reader.tensors:
        weight = dequantize(tensor.data, tensor.tensor_type)
        heads = heads_of(gguf, tensor.name.split(".")[-2])
        tensors[hugging_face_name(tensor.name)] = (half_split(weight, heads) if heads else weight).astype(STORED)
    return tensors


def write_safetensors(path, tensors):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(tensors):
        array = tensors[name]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            file.write(tensors[name].tobytes())


def model_config(gguf):
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
        "hidden_size": gguf.value("llama.embedding_length"),
        "intermediate_size": gguf.value("llama.feed_forward_length"),
        "max_position_embeddings": gguf.value("llama.context_length"),
        "num_attention_heads": gguf.value("llama.attention.head_count"),
        "num_hidden_layers": gguf.value("llama.block_count"),
        "num_key_value_heads": gguf.value("llama.attention.head_count_kv"),
        "rms_norm_eps": gguf.real("llama.attention.layer_norm_rms_epsilon"),
        "rope_theta": gguf.real("llama.rope.freq_base"),
        "vocab_size": gguf.value("llama.vocab_size"),
        **special_ids(gguf),
    }


def special_ids(gguf):
    return {
        "bos_token_id": gguf.value("tokenizer.ggml.bos_token_id"),
        "eos_token_id": gguf.value("tokenizer.ggml.eos_token_id"),
        "pad_token_id": gguf.value("tokenizer.ggml.padding_token_id"),
    }


def added_tokens(gguf):
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    kinds = gguf.value("tokenizer.ggml.token_type")
    tokens = gguf.value("tokenizer.ggml.tokens")
    return [{"id": i, "content": tokens[i], **flags} for i, kind in enumerate(kinds) if kind == CONTROL_TOKEN]


def tokenizer_json(gguf):
    """Pre-tokenizer "smollm": GPT-2's with each digit by itself."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_tokens(gguf),
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level]},
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: i for i, token in enumerate(gguf.value("tokenizer.ggml.tokens"))},
            "merges": gguf.value("tokenizer.ggml.merges"),
        },
    }


def tokenizer_config(gguf):
    tokens = gguf.value("tokenizer.ggml.tokens")
    token = {role: tokens[gguf.value(f"tokenizer.ggml.{key}_token_id")]
             for role, key in [("bos_token", "bos"), ("eos_token", "eos"), ("pad_token", "padding"), ("unk_token", "unknown")]}
    return {
        "tokenizer_class": "GPT2Tokenizer",
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": gguf.value("llama.context_length"),
        "additional_special_tokens": [token["bos_token"], token["eos_token"]],
        **token,
        "chat_template": gguf.value("tokenizer.chat_template"),
    }


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(source, folder):
    gguf, folder = Gguf(source), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", model_config(gguf))
    write_json(folder / "generation_config.json", special_ids(gguf))
    write_json(folder / "tokenizer.json", tokenizer_json(gguf))
    write_json(folder / "tokenizer_config.json", tokenizer_config(gguf))
    write_safetensors(folder / "model.safetensors", read_tensors(gguf))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
