package io.safeprobe.shell.report;

/** One line that says what is going on and is replaced as it goes on. */
public interface StatusLine {
    /** Shows a line in place of the last one; may leave some out where they come too fast. */
    void show(String text);

    /** Makes way for other text. */
    void makeWay();

    /** Nothing is going on any more. */
    void end();

    /** Never shows anything. */
    StatusLine NONE = new StatusLine() {
        @Override
        public void show(String text) {}

        @Override
        public void makeWay() {}

        @Override
        public void end() {}
    };
}
