package io.safeprobe.sap.data;

import io.safeprobe.model.chat.EncodedRow;
import io.safeprobe.model.chat.Message;
import java.util.List;

/** A safe and a harmful response to one prompt (Definition 3.1 of SAP, arXiv 2505.16737), as text or as token ids. */
public sealed interface SafetyPair {
    /** A conversation and two responses to it. */
    record Text(List<Message> prompt, String safe, String harmful) implements SafetyPair {
        /** Copies the conversation. */
        public Text {
            prompt = List.copyOf(prompt);
        }
    }

    /** Token ids and labels of prompt and response, for each response; needs no tokenizer. */
    record Tokens(EncodedRow safe, EncodedRow harmful) implements SafetyPair {}
}
