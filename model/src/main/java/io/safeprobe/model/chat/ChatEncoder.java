package io.safeprobe.model.chat;

import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Conversations to token ids. With a chat template the text is the template's; without one, the messages one after another. What is
 * learnt of a row is the last response and the token that ends it, nothing else.
 */
public final class ChatEncoder {
    private final Tokenizer tokenizer;
    private final @Nullable Chat chat;

    /** An encoder; {@code chat} is null for a model without a chat template. */
    public ChatEncoder(Tokenizer tokenizer, @Nullable Chat chat) {
        this.tokenizer = tokenizer;
        this.chat = chat;
    }

    /** Token ids up to where the response begins. */
    public int[] prompt(List<Message> prompt) {
        return chat == null ? tokenizer.encode(plain(prompt), true) : tokenizer.encode(chat.render(prompt, true).text(), false);
    }

    /** Token ids of a whole conversation, to be judged: no response begins at its end. */
    public int[] whole(List<Message> conversation) {
        return chat == null ? tokenizer.encode(plain(conversation), true) : tokenizer.encode(chat.render(conversation, false).text(), false);
    }

    /** A row to learn: the prompt, then the response with its end token as labels. */
    public EncodedRow encode(List<Message> prompt, String response) {
        int[] head = prompt(prompt);
        int[] tail = chat == null ? tokenizer.encode(response, false) : tokenizer.encode(responseText(chat, prompt, response), false);
        tail = ended(tail);
        int[] ids = Arrays.copyOf(head, head.length + tail.length);
        System.arraycopy(tail, 0, ids, head.length, tail.length);
        int[] labels = ids.clone();
        Arrays.fill(labels, 0, head.length, EncodedRow.IGNORED);
        return new EncodedRow(ids, labels);
    }

    private static String plain(List<Message> prompt) {
        return prompt.stream().map(Message::content).collect(Collectors.joining("\n"));
    }

    private static String responseText(Chat chat, List<Message> prompt, String response) {
        String head = chat.render(prompt, true).text();
        List<Message> whole = new ArrayList<>(prompt);
        whole.add(new Message("assistant", response));
        String all = chat.render(whole, false).text();
        if (!all.startsWith(head)) {
            throw new ModelException("the chat template renders a prompt differently when a response follows, so the response cannot be told from"
                    + " the prompt; use rows with input_ids and labels");
        }
        return all.substring(head.length());
    }

    /** Cuts what a template writes after the end token, such as a line break; adds the end token where a text has none. */
    private int[] ended(int[] tail) {
        for (int i = tail.length - 1; i >= 0; i--) {
            if (tokenizer.isSpecial(tail[i])) {
                return Arrays.copyOf(tail, i + 1);
            }
        }
        OptionalInt end = tokenizer.endId();
        if (end.isEmpty()) {
            throw new ModelException("neither the chat template nor tokenizer_config.json says how a response ends; set eos_token there");
        }
        int[] longer = Arrays.copyOf(tail, tail.length + 1);
        longer[tail.length] = end.getAsInt();
        return longer;
    }
}
