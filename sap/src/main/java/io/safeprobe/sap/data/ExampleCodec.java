package io.safeprobe.sap.data;

import java.nio.ByteBuffer;

/** Token ids and labels as bytes, 8 for each token. */
final class ExampleCodec implements Spilled.Codec<Example> {
    /** Sequences one after the other. */
    static final Spilled.Codec<PairExample> PAIRS = new Spilled.Codec<>() {
        @Override
        public byte[] bytes(PairExample pair) {
            byte[] bytes = new byte[size(pair.safe()) + size(pair.harmful())];
            ByteBuffer out = ByteBuffer.wrap(bytes);
            put(out, pair.safe());
            put(out, pair.harmful());
            return bytes;
        }

        @Override
        public PairExample value(byte[] bytes) {
            ByteBuffer in = ByteBuffer.wrap(bytes);
            return new PairExample(get(in), get(in));
        }
    };

    @Override
    public byte[] bytes(Example example) {
        byte[] bytes = new byte[size(example)];
        put(ByteBuffer.wrap(bytes), example);
        return bytes;
    }

    @Override
    public Example value(byte[] bytes) {
        return get(ByteBuffer.wrap(bytes));
    }

    private static int size(Example example) {
        return Integer.BYTES * (1 + 2 * example.tokens());
    }

    private static void put(ByteBuffer out, Example example) {
        out.putInt(example.tokens());
        for (int[] values : new int[][] {example.ids(), example.labels()}) {
            for (int value : values) {
                out.putInt(value);
            }
        }
    }

    private static Example get(ByteBuffer in) {
        int tokens = in.getInt();
        return Example.kept(ints(in, tokens), ints(in, tokens));
    }

    private static int[] ints(ByteBuffer in, int count) {
        int[] values = new int[count];
        for (int i = 0; i < count; i++) {
            values[i] = in.getInt();
        }
        return values;
    }
}
