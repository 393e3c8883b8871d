package io.safeprobe.engine.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.engine.memory.Block;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.MemoryException;
import io.safeprobe.engine.memory.Scope;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Views share memory and stay inside it; elements keep their type. */
class TensorTest {
    private final Memory memory = Memory.ofLimit(1 << 20);
    private final Scope scope = memory.scope();

    @AfterEach
    void close() {
        scope.close();
        memory.close();
    }

    @ParameterizedTest
    @EnumSource
    void everyTypeKeepsSmallWholeNumbers(DType dtype) {
        Tensor tensor = Tensor.zeros(scope, dtype, Shape.of(2, 3));
        assertThat(tensor.toDoubles()).containsOnly(0);
        for (int i = 0; i < 6; i++) {
            tensor.set(i, i);
        }
        assertThat(tensor.toDoubles()).containsExactly(0, 1, 2, 3, 4, 5);
        assertThat(tensor.getInt(5)).isEqualTo(5);
        assertThat(tensor.byteSize()).isEqualTo(6L * dtype.bytes());
        assertThat(tensor.data().byteSize()).isEqualTo(6L * dtype.bytes());
    }

    @Test
    void integersAreStoredWithTheirSign() {
        Tensor ids = Tensor.of(scope, Shape.of(3), -100, Integer.MAX_VALUE, Integer.MIN_VALUE);
        assertThat(ids.getInt(0)).isEqualTo(-100);
        assertThat(ids.getInt(1)).isEqualTo(Integer.MAX_VALUE);
        assertThat(ids.getInt(2)).isEqualTo(Integer.MIN_VALUE);
        Tensor bytes = Tensor.zeros(scope, DType.U8, Shape.of(1));
        bytes.set(0, 255);
        assertThat(bytes.getInt(0)).as("U8 has no sign").isEqualTo(255);
        Tensor large = Tensor.zeros(scope, DType.I64, Shape.of(1));
        large.set(0, 1L << 40);
        assertThatThrownBy(() -> large.getInt(0)).isInstanceOf(ArithmeticException.class);
    }

    @Test
    void elementsAreLittleEndianWithoutGaps() {
        Tensor tensor = Tensor.of(scope, Shape.of(2), 1f, -2f);
        assertThat(tensor.data().toArray(ValueLayout.JAVA_BYTE)).containsExactly(0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0);
    }

    @Test
    void copiesAreOfTheWholeTensor() {
        assertThat(Tensor.of(scope, Shape.of(2), 0.1, 0.2).toFloats()).containsExactly(0.1f, 0.2f);
        assertThat(Tensor.of(scope, Shape.of(2), 0.5f, 0.25f).toDoubles()).containsExactly(0.5, 0.25);
        assertThatThrownBy(() -> Tensor.of(scope, Shape.of(2, 2), 1f, 2f, 3f))
                .isInstanceOf(ShapeException.class)
                .hasMessage("3 values given for a tensor of [2, 2]");
    }

    @Test
    void rowsAreAViewOnTheFirstDimension() {
        Tensor tensor = Tensor.of(scope, Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
        Tensor rows = tensor.rows(1, 2);
        assertThat(rows.shape()).isEqualTo(Shape.of(2, 2));
        assertThat(rows.toDoubles()).containsExactly(3, 4, 5, 6);
        rows.set(0, 30);
        assertThat(tensor.get(2)).isEqualTo(30);
        assertThat(rows.rows(1, 1).toDoubles()).as("a view of a view").containsExactly(5, 6);
        assertThat(tensor.rows(3, 0).elements()).isZero();
    }

    @Test
    void rowsOutsideAreRefused() {
        Tensor tensor = Tensor.zeros(scope, DType.F32, Shape.of(3, 2));
        assertThatThrownBy(() -> tensor.rows(2, 2)).isInstanceOf(ShapeException.class).hasMessage("rows 2 to 4 are not inside [3, 2]");
        assertThatThrownBy(() -> tensor.rows(-1, 2)).isInstanceOf(ShapeException.class);
        assertThatThrownBy(() -> tensor.rows(0, -1)).isInstanceOf(ShapeException.class);
        assertThatThrownBy(() -> tensor.rows(Long.MAX_VALUE, 1)).isInstanceOf(ShapeException.class);
        assertThatThrownBy(() -> Tensor.zeros(scope, DType.F32, Shape.of()).rows(0, 0)).isInstanceOf(ShapeException.class);
    }

    @Test
    void aReshapeSharesMemoryAndKeepsTheNumberOfElements() {
        Tensor tensor = Tensor.of(scope, Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
        Tensor flat = tensor.reshape(Shape.of(6));
        flat.set(5, 60);
        assertThat(tensor.get(5)).isEqualTo(60);
        assertThat(tensor.rows(1, 1).reshape(Shape.of(3)).toDoubles()).containsExactly(4, 5, 60);
        assertThatThrownBy(() -> tensor.reshape(Shape.of(5)))
                .isInstanceOf(ShapeException.class)
                .hasMessage("cannot reshape [2, 3] to [5]: the number of elements differs");
    }

    @Test
    void aViewOnABlockStaysInsideIt() {
        Block block = scope.allocate(128);
        Tensor view = Tensor.view(block, 3, DType.F32, Shape.of(2));
        view.set(1, 7.5);
        assertThat(block.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 7)).as("views need no alignment").isEqualTo(7.5f);
        assertThat(Tensor.view(block, 128, DType.F32, Shape.of(0)).elements()).isZero();
        assertThatThrownBy(() -> Tensor.view(block, 124, DType.F32, Shape.of(2)))
                .isInstanceOf(ShapeException.class)
                .hasMessage("a F32 tensor of [2] at byte 124 does not fit a block of 128");
        assertThatThrownBy(() -> Tensor.view(block, -4, DType.F32, Shape.of(1))).isInstanceOf(ShapeException.class);
        assertThatThrownBy(() -> Tensor.view(block, Long.MAX_VALUE, DType.F32, Shape.of(1))).isInstanceOf(ShapeException.class);
    }

    @Test
    void elementsOutsideAreRefusedThoughTheBlockIsLarger() {
        Tensor tensor = Tensor.zeros(scope, DType.F32, Shape.of(3)).rows(0, 2);
        assertThatThrownBy(() -> tensor.get(2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> tensor.get(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> tensor.set(2, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> tensor.getInt(2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> tensor.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 8)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void aTensorDiesWithItsScope() {
        Tensor tensor;
        try (Scope inner = memory.scope()) {
            tensor = Tensor.zeros(inner, DType.F32, Shape.of(3));
        }
        assertThatThrownBy(() -> tensor.get(0)).isInstanceOf(MemoryException.class).hasMessageContaining("after it was given back");
        assertThatThrownBy(tensor::data).isInstanceOf(MemoryException.class);
        assertThatThrownBy(() -> tensor.rows(0, 1).set(0, 1)).isInstanceOf(MemoryException.class);
    }

    @Test
    void onlyASingleElementIsAnItem() {
        assertThat(Tensor.of(scope, Shape.of(1, 1), 4.0).item()).isEqualTo(4);
        assertThat(Tensor.of(scope, Shape.of(), 5.0).item()).as("a scalar has no extents").isEqualTo(5);
        Tensor pair = Tensor.zeros(scope, DType.F32, Shape.of(2));
        assertThatThrownBy(pair::item).isInstanceOf(ShapeException.class).hasMessage("item() needs one element, not [2]");
    }

    @Test
    void anEmptyTensorHasNoElements() {
        Tensor empty = Tensor.zeros(scope, DType.F32, Shape.of(0, 3));
        assertThat(empty.toDoubles()).isEmpty();
        assertThat(empty.data().byteSize()).isZero();
    }

    @Test
    void aTensorSaysWhatItIs() {
        assertThat(Tensor.zeros(scope, DType.BF16, Shape.of(2, 3))).hasToString("BF16[2, 3]@cpu");
        assertThat(Tensor.zeros(scope, DType.BF16, Shape.of(2, 3)).device()).isEqualTo(Device.CPU);
    }
}
