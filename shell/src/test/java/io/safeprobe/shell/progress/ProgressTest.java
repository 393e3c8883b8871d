package io.safeprobe.shell.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final AtomicLong nanos = new AtomicLong();
    private final StringWriter text = new StringWriter();
    private final PrintWriter writer = new PrintWriter(text);

    private void pass(double seconds) {
        nanos.addAndGet((long) (seconds * 1e9));
    }

    @Test
    void plainLinesComeEveryFewSeconds() {
        PlainLines lines = new PlainLines(writer, Duration.ofSeconds(2), nanos::get);
        for (int i = 1; i <= 10; i++) {
            pass(0.5);
            lines.show("step " + i);
        }
        assertThat(text.toString().lines()).containsExactly("step 4", "step 8");
    }

    @Test
    void aRewrittenLineMakesWayForText() {
        RewrittenLine line = new RewrittenLine(writer, nanos::get);
        line.show("step 1");
        line.show("step 2, too soon");
        pass(0.2);
        line.show("step 3");
        line.makeWay();
        line.makeWay();
        line.show("step 4");
        line.end();
        assertThat(text.toString()).isEqualTo("\r\033[?7lstep 1\033[K\033[?7h" + "\r\033[?7lstep 3\033[K\033[?7h" + "\r\033[K"
                + "\r\033[?7lstep 4\033[K\033[?7h" + "\r\033[K");
    }

    @Test
    void timeLeftIsThatOfTheRestAtTheSamePace() {
        Stopwatch watch = new Stopwatch(nanos::get);
        assertThat(watch.left(0, 10)).isEqualTo("? left");
        pass(10);
        assertThat(watch.left(5, 10)).isEqualTo("20 s left");
        assertThat(watch.left(1, 10)).isEqualTo("1:40 left");
        assertThat(watch.left(5, 0)).isEqualTo("0 s left");
    }
}
