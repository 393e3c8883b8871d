package io.safeprobe.model.chat;

/** A training row in the convention of Hugging Face: {@code labels[i]} is {@code ids[i]} where token i is to be learnt, else -100. */
public final class EncodedRow {
    /** The label of a token that is not learnt. */
    public static final int IGNORED = -100;

    private final int[] ids;
    private final int[] labels;

    /** Both arrays have one entry for each token. */
    public EncodedRow(int[] ids, int[] labels) {
        this.ids = ids.clone();
        this.labels = labels.clone();
    }

    /** Token ids. */
    public int[] ids() {
        return ids.clone();
    }

    /** Labels, not shifted. */
    public int[] labels() {
        return labels.clone();
    }
}
