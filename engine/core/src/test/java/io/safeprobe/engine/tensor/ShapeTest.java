package io.safeprobe.engine.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ShapeTest {
    @Test
    void extentsAreCountedFromBothEnds() {
        Shape shape = Shape.of(2, 3, 5);
        assertThat(shape.rank()).isEqualTo(3);
        assertThat(shape.dim(0)).isEqualTo(2);
        assertThat(shape.dim(-1)).isEqualTo(5);
        assertThat(shape.dim(-3)).isEqualTo(2);
        assertThat(shape.elements()).isEqualTo(30);
        assertThat(shape).hasToString("[2, 3, 5]");
    }

    @Test
    void rowsAreAllDimensionsButTheLast() {
        assertThat(Shape.of(2, 3, 5).rows()).isEqualTo(6);
        assertThat(Shape.of(7).rows()).as("a vector is one row").isEqualTo(1);
        assertThat(Shape.of().rows()).isEqualTo(1);
        assertThat(Shape.of(4, 0).rows()).as("empty rows are still rows").isEqualTo(4);
        assertThat(Shape.of(0, 4).rows()).isZero();
    }

    @Test
    void aScalarHasOneElementAndAnEmptyShapeNone() {
        assertThat(Shape.of().elements()).isEqualTo(1);
        assertThat(Shape.of(3, 0).elements()).isZero();
    }

    @Test
    void shapesAreEqualByExtents() {
        assertThat(Shape.of(2, 3)).isEqualTo(Shape.of(2, 3)).hasSameHashCodeAs(Shape.of(2, 3))
                .isNotEqualTo(Shape.of(3, 2)).isNotEqualTo(Shape.of(6));
    }

    @Test
    void shapesDoNotChange() {
        long[] extents = {2, 3};
        Shape shape = Shape.of(extents);
        extents[0] = 9;
        shape.toArray()[1] = 9;
        assertThat(shape).isEqualTo(Shape.of(2, 3));
    }

    @Test
    void impossibleExtentsAreRefused() {
        assertThatThrownBy(() -> Shape.of(2, -1)).isInstanceOf(ShapeException.class).hasMessage("negative extent in [2, -1]");
        assertThatThrownBy(() -> Shape.of(Long.MAX_VALUE, 2))
                .isInstanceOf(ShapeException.class)
                .hasMessage("too many elements in [9223372036854775807, 2]");
    }
}
