package io.safeprobe.model.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlidingWindowTest {
    /** (query, key) pairs that are seen. */
    private static Set<String> seen(int[] segments) {
        Set<String> pairs = new TreeSet<>();
        for (int at = 0; at < segments.length; at += 4) {
            for (int i = 0; i < segments[at + 1]; i++) {
                for (int j = 0; j < segments[at + 3] - segments[at + 1] + i + 1; j++) {
                    pairs.add(segments[at] + i + " " + (segments[at + 2] + j));
                }
            }
        }
        return pairs;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 8, 11, 12, 40})
    void aQuerySeesTheLastKeysOnly(int window) {
        // Eight tokens by themselves, then three that follow nine cached ones.
        int[] segments = {0, 8, 0, 8, 8, 3, 100, 12};
        Set<String> expected = new TreeSet<>();
        for (int query = 0; query < 11; query++) {
            int base = query < 8 ? 0 : 100;
            int position = query < 8 ? query : query + 1;
            for (int key = 0; key <= position; key++) {
                if (key > position - window) {
                    expected.add(query + " " + (base + key));
                }
            }
        }
        assertThat(seen(SlidingWindow.segments(segments, window))).isEqualTo(expected);
    }

    @Test
    void segmentsWithinTheWindowStayWhole() {
        int[] segments = {0, 8, 0, 8, 8, 3, 100, 12};
        assertThat(SlidingWindow.segments(segments, 12)).isEqualTo(segments);
        assertThat(SlidingWindow.segments(segments, 0)).isSameAs(segments);
    }
}
