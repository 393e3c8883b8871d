package io.safeprobe.architecture.bad.engine.plain;

import io.safeprobe.architecture.bad.model.upward.KnowsSap;
import org.apache.arrow.memory.ArrowBuf;
import uk.ac.manchester.tornado.Fake;

/** Breaks a rule on purpose. */
public final class KnowsModelArrowTornadoAndTheConsole {
    private KnowsModelArrowTornadoAndTheConsole() {}

    public static String name() {
        System.out.println(ArrowBuf.class.getName() + Fake.name());
        return KnowsSap.name();
    }
}
