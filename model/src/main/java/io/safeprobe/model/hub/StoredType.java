package io.safeprobe.model.hub;

import io.safeprobe.engine.tensor.DType;
import io.safeprobe.model.config.ModelException;
import java.util.Locale;

/** The type frozen matrices are kept in. */
public enum StoredType {
    /** As the file has them: nothing is copied, but for F64, which is narrowed to float32. */
    AUTO,
    /** Widened to float32 when the model is opened. */
    F32,
    /** Rounded to bfloat16 when the model is opened. */
    BF16;

    /** Reads a name in any case. */
    public static StoredType parse(String text) {
        for (StoredType type : values()) {
            if (type.name().equalsIgnoreCase(text)) {
                return type;
            }
        }
        throw new ModelException("unknown dtype '" + text + "'; choose auto, f32 or bf16");
    }

    /** The type a matrix stored as {@code stored} gets. */
    DType of(DType stored) {
        return switch (this) {
            case AUTO -> stored == DType.F64 ? DType.F32 : stored;
            case F32 -> DType.F32;
            case BF16 -> DType.BF16;
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
