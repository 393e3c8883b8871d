package io.safeprobe.shell.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTest {
    @Test
    void columnsAreAligned() {
        assertThat(new Table("run", "loss").row("a", "1.5").row("longer", "10.25").lines()).containsExactly("run      loss", "a         1.5", "longer  10.25");
        assertThat(new Table(2, "a", "b", "c").row("é", "x", "1").lines()).containsExactly("a  b  c", "é  x  1");
    }

    @Test
    void numbersReadTheSameEverywhere() {
        assertThat(Numbers.figure(0)).isEqualTo("0.0000");
        assertThat(Numbers.figure(1.23456)).isEqualTo("1.2346");
        assertThat(Numbers.figure(-2e-5)).isEqualTo("-2.00e-05");
        assertThat(Numbers.figure(123456)).isEqualTo("1.23e+05");
        assertThat(Numbers.figure(Double.NaN)).isEqualTo("NaN");
        assertThat(Numbers.count(1, "row")).isEqualTo("1 row");
        assertThat(Numbers.count(1234567, "row")).isEqualTo("1,234,567 rows");
        assertThat(Numbers.bytes(43_008)).isEqualTo("43 kB");
        assertThat(Numbers.bytes(12_345_678)).isEqualTo("12 MB");
        assertThat(Numbers.bytes(12_345_678_901L)).isEqualTo("12.3 GB");
        assertThat(Numbers.duration(0.0123)).isEqualTo("0.012 s");
        assertThat(Numbers.duration(8.04)).isEqualTo("8.0 s");
        assertThat(Numbers.duration(59.4)).isEqualTo("59 s");
        assertThat(Numbers.duration(185)).isEqualTo("3:05");
        assertThat(Numbers.duration(7385)).isEqualTo("2:03:05");
    }

    @Test
    void aHistogramHasFewEqualRangesAndShowsWhatIsRare() {
        int[] lengths = new int[1000];
        java.util.Arrays.fill(lengths, 17);
        lengths[3] = 3;
        lengths[4] = 58;
        Histogram histogram = new Histogram(lengths);
        assertThat(histogram.lines()).hasSize(12).startsWith(" 0 to  4    1  #", " 5 to  9    0", "10 to 14    0", "15 to 19  998  " + "#".repeat(40))
                .endsWith("55 to 59    1  #");
        assertThat(histogram.summary()).isEqualTo("3 to 58, median 17, 90th percentile 17");
        assertThat(new Histogram(new int[] {7}).lines()).containsExactly("7 to 7  1  " + "#".repeat(40));
        assertThat(new Histogram(new int[] {0, 12}).lines()).hasSize(7);
        assertThat(new Histogram(new int[] {1, 1_000_000_000}).json().path("ranges")).hasSize(11);
        assertThat(histogram.json().path("ranges").get(3)).hasToString("{\"from\":15,\"to\":19,\"count\":998}");
    }

    @Test
    void resultsAndMessagesGoApart() {
        StringWriter results = new StringWriter();
        StringWriter messages = new StringWriter();
        Output output = new Output(new PrintWriter(results), new PrintWriter(messages), StatusLine.NONE, new Style(false));
        output.json(Output.object().put("a", 1));
        output.message("done");
        output.error("not done");
        assertThat(results.toString().lines()).containsExactly("{\"a\":1}");
        assertThat(messages.toString().lines()).containsExactly("done", "error: not done");
    }

    @Test
    void namesThatYamlTakesForSomethingElseAreQuoted() {
        assertThat(List.of("meta-llama/Llama-3", "null", "No", "7b", "a: b", "a\"\n")).extracting(ModelCard::quoted)
                .containsExactly("meta-llama/Llama-3", "\"null\"", "\"No\"", "\"7b\"", "\"a: b\"", "\"a\\\"\\n\"");
    }
}
