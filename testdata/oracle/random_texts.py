"""Random texts that a few lines of code make again anywhere: the pieces, and a generator of 64-bit numbers (SplitMix64).

Text i is made from the seed i alone. `RandomTexts` of the tests of `model` is the same in Java; its pieces are read from a file.
"""
MASK = (1 << 64) - 1

# First and last code point of blocks that are drawn from evenly. None has a surrogate.
BLOCKS = [
    (0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0x61, 0x7A), (0x61, 0x7A), (0x30, 0x39), (0xA0, 0xFF), (0x100, 0x24F), (0x250, 0x2FF), (0x300, 0x36F), (0x370, 0x3FF),
    (0x400, 0x52F), (0x530, 0x58F), (0x590, 0x5FF), (0x600, 0x6FF), (0x700, 0x74F), (0x900, 0x97F), (0x980, 0x9FF), (0xB80, 0xBFF), (0xE00, 0xE7F), (0xE80, 0xEFF),
    (0xF00, 0xFFF), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x137F), (0x13A0, 0x13FF), (0x1780, 0x17FF), (0x1800, 0x18AF), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF),
    (0x2000, 0x206F), (0x2070, 0x209F), (0x20A0, 0x20CF), (0x2100, 0x218F), (0x2190, 0x23FF), (0x2460, 0x24FF), (0x2500, 0x27BF), (0x2E80, 0x2FDF), (0x3000, 0x303F),
    (0x3040, 0x30FF), (0x3130, 0x318F), (0x3200, 0x33FF), (0x4E00, 0x9FFF), (0x4E00, 0x9FFF), (0xA000, 0xA48F), (0xAC00, 0xD7A3), (0xE000, 0xE0FF), (0xF900, 0xFAFF),
    (0xFB00, 0xFB4F), (0xFB50, 0xFDFF), (0xFE00, 0xFE2F), (0xFE50, 0xFFEF), (0xFFF0, 0xFFFF), (0x10330, 0x1034F), (0x12000, 0x123FF), (0x1D400, 0x1D7FF), (0x1F1E6, 0x1F1FF),
    (0x1F300, 0x1F64F), (0x1F300, 0x1F64F), (0x1F680, 0x1FAFF), (0x20000, 0x2A6DF), (0xE0000, 0xE01EF), (0x0, 0x1F), (0x7F, 0x9F), (0x0, 0xD7FF), (0x10000, 0x10FFFF),
]

# Pieces that mean something to one tokenizer or another.
PIECES = [
    " ", " ", " ", "  ", "   ", "        ", "\n", "\n\n", "\n\n\n\n", "\r\n", "\r", "\t", "\t\t\t", " \n \t ", "\u00a0", "\u2003", "\u3000", "\u2028", "\u0085", "\u200b", "\ufeff",
    "\u000b\u000c", "\u1680", "\u202f", "\u180e",
    "the", "The", " the", "Hello", " world", "ing", "tion", " a", "I'm", "they'll", "WE'VE", "don't", "it's", "'s", "'S", "'", "''", "\u2019s", " ' ", " n't", " .", " ,", " !", " ?",
    ".", ",", "!", "?", ":", ";", "-", "--", "...", "_", "__", "/", "\\", "//", "(", ")", "[", "]", "{", "}", "<", ">", "\"", "`", "```", "#", "$", "%", "&", "*", "+", "=", "@", "^", "|", "~",
    "0", "12", "345", "6789", "1234567890", "3.14", "1,000", "\u0661\u0662\u0663", "\u00bd", "\u2167", "\u00b2",
    "def f(x):\n    return x", "if (a != b) {\n\t", "https://example.org/?q=%20", "user@example.com", "<b>", "</b>", "&amp;", "\\n", "\\u00e9", "{{", "%}",
    "e\u0301", "\u00e9", "A\u030a", "\u212b", "\u00c5", "\u1112\u1161\u11ab", "\ud55c", "o\u0302\u0323", "\u1e69", "s\u0323\u0307", "Z\u0351\u036b\u0343\u032a", "\ufb01", "\u0130", "\u0131", "\u00df", "\u1e9e",
    "\u03c2", "\u03a3", "\u01c5", "\uff28\uff49", "\u2460", "\u337f", "\u0958", "\u0915\u093c", "\u0915\u094d\u0937",
    "\U0001f600", "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f44d\U0001f3fd", "\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f1eb\U0001f1f7", "\U0001f1ef\U0001f1f5", "\u2764\ufe0f", "1\ufe0f\u20e3",
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "\U0001f9d1\U0001f3fb\u200d\U0001f4bb", "\u2728",
    "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627", "\u0627\u0644\u0639\u0627\u0644\u0645", "\u202eabc\u202c", "\u200f", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\u4f60\u597d", "\u3053\u3093\u306b\u3061\u306f", "\uc548\ub155", "\u041f\u0440\u0438\u0432\u0435\u0442", "\u0393\u03b5\u03b9\u03ac",
    "\u0000", "\u0001", "\u0007", "\u001b[0m", "\u007f", "\ufffd", "\ufffe", "\uffff", "\ue000", "\U0010ffff",
    "\u2581", "\u2581\u2581", "\u2581the", "\u0120", "\u010a", "<0x0A>", "<0xE4>", "<0xzz>", "##ing", "##", "</w>", "@@",
    "<s>", "</s>", "<unk>", "<pad>", "<mask>", "[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", " <mask> ", "[INST]", "[/INST]", "<<SYS>>", "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>",
    "<|begin_of_text|>", "<|start_header_id|>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<think>", "</think>", "<tool_call>", "<|im_start|", "im_end|>", "<S>", "Tool", "tool", "ToOl",
]


class Numbers:
    """SplitMix64 (Steele, Lea, Flood 2014)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) >> 33) % bound


def text(seed):
    """The text of a seed: up to 12 parts, each a few characters of one block, a piece, or a piece several times."""
    numbers = Numbers(seed)
    parts = []
    for _ in range(1 + numbers.below(12)):
        kind = numbers.below(16)
        if kind < 7:
            first, last = BLOCKS[numbers.below(len(BLOCKS))]
            for _ in range(1 + numbers.below(8)):
                point = first + numbers.below(last - first + 1)
                parts.append(chr(point if not 0xD800 <= point <= 0xDFFF else 0x20))
        elif kind < 15:
            parts.append(PIECES[numbers.below(len(PIECES))])
        else:
            parts.append(PIECES[numbers.below(len(PIECES))] * (1 + numbers.below(40)))
    return "".join(parts)
