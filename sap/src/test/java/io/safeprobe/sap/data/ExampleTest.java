package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ExampleTest {
    @Test
    void knowsWhatIsLearnt() {
        Example example = new Example(new int[] {1, 2, 3, 4, 5}, new int[] {1, -100, 3, -100, 5}, 6);

        assertThat(example.tokens()).isEqualTo(5);
        assertThat(example.labelledTokens()).as("the label at position 0 is never predicted").isEqualTo(2);
        assertThat(example.firstLearnt()).isEqualTo(2);
    }

    @Test
    void isNotChangedFromOutside() {
        int[] ids = {1, 2};
        int[] labels = {-100, 2};
        Example example = new Example(ids, labels, 3);
        ids[0] = 0;
        labels[1] = 0;
        example.ids()[1] = 0;
        example.labels()[0] = 0;

        assertThat(example).isEqualTo(new Example(new int[] {1, 2}, new int[] {-100, 2}, 3)).hasSameHashCodeAs(new Example(new int[] {1, 2}, new int[] {-100, 2}, 3));
        assertThat(example).isNotEqualTo(new Example(new int[] {1, 2}, new int[] {1, 2}, 3));
        assertThat(example).hasToString("Example[ids=[1, 2], labels=[-100, 2]]");
    }

    @Test
    void refusesMalformedSequences() {
        assertThatThrownBy(() -> new Example(new int[] {1, 2}, new int[] {1}, 3)).isInstanceOf(DataException.class)
                .hasMessageContaining("2 token ids but 1 labels");
        assertThatThrownBy(() -> new Example(new int[] {1, 3}, new int[] {-100, 2}, 3)).hasMessageContaining("token id 3 at position 1 is outside");
        assertThatThrownBy(() -> new Example(new int[] {-1, 2}, new int[] {-100, 2}, 3)).hasMessageContaining("token id -1 at position 0");
        assertThatThrownBy(() -> new Example(new int[] {1, 2}, new int[] {-100, 3}, 3)).hasMessageContaining("label 3 at position 1 is neither -100");
        assertThatThrownBy(() -> new Example(new int[] {1, 2}, new int[] {-100, -1}, 3)).hasMessageContaining("label -1 at position 1");
        assertThatThrownBy(() -> new Example(new int[] {1, 2}, new int[] {1, -100}, 3)).hasMessageContaining("nothing to learn");
        assertThatThrownBy(() -> new Example(new int[] {1}, new int[] {1}, 3)).hasMessageContaining("nothing to learn");
        assertThatThrownBy(() -> new Example(new int[0], new int[0], 3)).hasMessageContaining("nothing to learn");
    }
}
