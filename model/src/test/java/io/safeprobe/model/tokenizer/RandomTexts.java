package io.safeprobe.model.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** The texts of {@code testdata/oracle/random_texts.py}, made again of the same pieces and numbers. */
final class RandomTexts {
    private final List<int[]> blocks = new ArrayList<>();
    private final List<String> pieces = new ArrayList<>();
    private long state;

    RandomTexts(JsonNode tables) {
        tables.path("blocks").forEach(block -> blocks.add(new int[] {block.path(0).asInt(), block.path(1).asInt()}));
        tables.path("pieces").forEach(piece -> pieces.add(piece.asText()));
    }

    /** The text of a seed. */
    String text(long seed) {
        state = seed;
        StringBuilder text = new StringBuilder();
        int parts = 1 + below(12);
        for (int part = 0; part < parts; part++) {
            int kind = below(16);
            if (kind < 7) {
                int[] block = blocks.get(below(blocks.size()));
                int characters = 1 + below(8);
                for (int i = 0; i < characters; i++) {
                    int point = block[0] + below(block[1] - block[0] + 1);
                    text.appendCodePoint(point < 0xD800 || point > 0xDFFF ? point : ' ');
                }
            } else if (kind < 15) {
                text.append(pieces.get(below(pieces.size())));
            } else {
                String piece = pieces.get(below(pieces.size()));
                text.repeat(piece, 1 + below(40));
            }
        }
        return text.toString();
    }

    /** SplitMix64. */
    int below(int bound) {
        state += 0x9E3779B97F4A7C15L;
        long z = state;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return (int) (((z ^ (z >>> 31)) >>> 33) % bound);
    }
}
