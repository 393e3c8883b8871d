package io.safeprobe.testdata.language;

import java.util.List;

/** How a dialogue is written for the model: one special token opens each turn, one closes it. The closing token is the model's end-of-text token, and it is learnt. */
final class ChatFormat {

    static final String BEGIN = "<|begin|>";
    static final String PAD = "<|pad|>";
    static final String SYSTEM = "<|system|>";
    static final String USER = "<|user|>";
    static final String ASSISTANT = "<|assistant|>";
    static final String END = "<|end|>";

    /** Special tokens in the order of their ids, from 0. */
    static final List<String> SPECIAL_TOKENS = List.of(PAD, BEGIN, END, SYSTEM, USER, ASSISTANT);

    /** The Jinja template of {@code tokenizer_config.json}; {@link #dialogue} is what it makes of one request and its answer. */
    static final String TEMPLATE =
            "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
                    + "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

    private ChatFormat() {}

    static String dialogue(String prompt, String response) {
        return BEGIN + USER + prompt + END + ASSISTANT + response + END;
    }

    static String text(String text) {
        return BEGIN + text + END;
    }
}
