"""Texts of the cases, written for this suite."""

FORWARD = ("A lighthouse keeper counted 17 ships before noon. By evening the fog had hidden the harbour, and she wrote "
           "down only what the bell told her: three short strokes, then silence.")
LEFT_PAD = ["The kettle sang while the rain drew maps on every window of the small blue house near the station.",
            "Nobody had told the cat that it was Tuesday."]
FORWARD_TOKENS, LEFT_PAD_TOKENS = 28, (20, 13)

# Open questions: a model that is sure of each token makes decisions that rounding could turn.
PROMPTS = [
    "Invent a name for a shop that sells only left shoes.",
    "Describe the colour of thunder in a few words.",
    "A train has 9 coaches with 14 seats each. How many seats are there?",
    "What might a retired clock dream about?",
    "Give me an unusual use for a teaspoon.",
    "Write the first line of a story about a paper bridge.",
    "Name three things that a fox could keep in a drawer.",
    "If 5 pears cost 4 coins, what do 20 pears cost?",
]

ABOUT_PICTURES = "What can be seen here? Name the colours."

# Continuations that no model finds obvious, so that every cross entropy is far from zero.
LIKELIHOODS = {"main": ("The gardener opened the old shed and", " found eleven violins asleep under purple sacks."),
               "single_token": ("Question: Is a whale a fish? Answer:", " B")}

ENCODE = [
    "", " ", "   ", "\n", "\n\n \n", "\r\n\r\n", "\t\ta\t b ", "a", "Hello", " Hello", "Hello world",
    "two  spaces   three",
    "It's what they've said: we'd go, I'm sure she'll come, you're late. DON'T! IT'S, WE'LL",
    "rock'n'roll o'clock 'tis 's 't 'S", "Price: €3.50, £12 or $0.99 (−5 %)", "1234567890 12 345 6",
    "3.14e-10 0x7F 1,000,000", "x² + ¾ = Ⅳ ٣٧", "def area(r):\n    return 3.14159 * r ** 2\n\n\n# done",
    "for (i = 0; i < n; i++) { a[i] += b[i]; }", "trailing   ", "   leading", "one\ntwo\r\nthree\rfour",
    "a\n\n  b\n \n c", "snake_case camelCase SHOUTING kebab-case", "...!!!???---***",
    "https://example.org/path?q=1&r=%20#top", "C:\\temp\\new \"quoted\" 'single' `tick`",
    "“curly” ‘quotes’ — dash…", "naïve café Straße œuvre", "cafe\u0301 A\u030a e\u0323\u0301",
    "Größe: 5 µm, 20 °C", "春天的雨落在旧屋顶上。", "猫は窓の外を見ている\u3000全角", "고양이가 창밖을 본다",
    "\u1112\u1161\u11ab\u1100\u1173\u11af", "Кошка спит на окне 42", "Η γάτα κοιμάται",
    "बिल्ली खिड़की पर सोती है", "القطة نائمة ١٢٣", "החתול ישן", "แมวนอนที่หน้าต่าง", "Con mèo ngủ cạnh cửa sổ",
    "😀🚀", "👩🏽\u200d🚀 ok 🇳🇴", "❤️", "a\xa0b\u2003c\u200bd\u2028e", "\ufeffstart", "nul\x00 bell\x07 del\x7f",
    "𐍈 𝕏 𠮷", " \n \t \r\n end \n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "the the the the",
    "< | not special | >", "<|no_such_token|> <|", "pneumonoultramicroscopic", "x1 x12 1x", "end.\n\nNext.\n",
]

CHATS = [
    [("user", "How many legs have 3 spiders?")],
    [("system", "You answer in one word."), ("user", "  Is ice warm?\n")],
    [("user", "Hi"), ("assistant", "Hello!"), ("user", "Разкажи ми нещо 😀 请用中文")],
    [("user", "Fix:\n```python\ndef f():\n    pass\n```\n"), ("assistant", "\n done \n"),
     ("user", "\t'more' \"quotes\"")],
]
