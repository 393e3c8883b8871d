package io.safeprobe.model.chat.jinja;

/** HTML escaping. Chat templates render without it; a text marked safe keeps the mark and escapes what is added to it. */
final class Escaping {
    private Escaping() {}

    static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&#34;").replace("'", "&#39;");
    }

    /** The text as it goes into a result that is itself safe or not. */
    static String within(boolean safe, Value.Str text) {
        return safe && !text.safe() ? escape(text.text()) : text.text();
    }
}
