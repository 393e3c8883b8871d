package io.safeprobe.engine.tensor;

import io.safeprobe.engine.memory.DeviceHeap;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Element types, named as safetensors names them. */
public enum DType {
    F64(8, true),
    F32(4, true),
    F16(2, true),
    BF16(2, true),
    I64(8, false),
    I32(4, false),
    U8(1, false),
    BOOL(1, false);

    private final int bytes;
    private final boolean floating;

    DType(int bytes, boolean floating) {
        this.bytes = bytes;
        this.floating = floating;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether the type holds real numbers. */
    public boolean floating() {
        return floating;
    }

    /** How a device holds the type; null where it stays in the memory of the process: ids, and the float64 of a sum. */
    DeviceHeap.@Nullable Kind kind() {
        return switch (this) {
            case F32 -> DeviceHeap.Kind.F32;
            case F16, BF16 -> DeviceHeap.Kind.BITS16;
            case F64, I64, I32, U8, BOOL -> null;
        };
    }

    /** Whether tensors of this type live on the device whose kernels compute with them. */
    public boolean onDevices() {
        return kind() != null;
    }

    /** The name PyTorch and Hugging Face configurations use, such as {@code bfloat16}. */
    public String torchName() {
        return switch (this) {
            case F64 -> "float64";
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            case I64 -> "int64";
            case I32 -> "int32";
            case U8 -> "uint8";
            case BOOL -> "bool";
        };
    }

    /** The lower-case name a person types, such as {@code bf16}. */
    public String shortName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The value of a bfloat16 given its bits: they are the upper half of a float32. */
    public static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** The nearest bfloat16, ties to even; NaN stays NaN. */
    public static short toBf16(float value) {
        if (Float.isNaN(value)) {
            return (short) 0x7fc0;
        }
        int bits = Float.floatToRawIntBits(value);
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }
}
