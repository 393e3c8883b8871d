package io.safeprobe.engine.bench;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * What the user asked for.
 *
 * @param cases which cases, by a part of their names
 * @param threads of either side
 * @param seconds each case is measured
 * @param list whether to print the names of the cases only
 */
record Arguments(List<Pattern> cases, int threads, double seconds, boolean list) {
    static final String USAGE = """
            usage: [REGEX ..] [-t THREADS] [-s SECONDS] [--list]
              REGEX     cases whose name contains a match of any of them; all without one
              -t        threads of either side; all processors without it
              -s        seconds each case is measured after its warm-up; 3 without it
              --list    prints the names of the cases""";

    /**
     * @throws IllegalArgumentException saying which argument is wrong
     */
    static Arguments parse(List<String> words) {
        List<Pattern> cases = new ArrayList<>();
        int threads = Runtime.getRuntime().availableProcessors();
        double seconds = 3;
        boolean list = false;
        Iterator<String> rest = words.iterator();
        while (rest.hasNext()) {
            String word = rest.next();
            switch (word) {
                case "-t" -> threads = Integer.parseInt(value(word, rest, "[1-9]\\d{0,3}", "a number of threads, 1 or more"));
                case "-s" -> seconds = Double.parseDouble(value(word, rest, "(?=.*[1-9])\\d{1,4}(\\.\\d{1,3})?", "seconds, such as 3 or 0.5"));
                case "--list" -> list = true;
                default -> cases.add(pattern(word));
            }
        }
        return new Arguments(cases, threads, seconds, list);
    }

    private static String value(String option, Iterator<String> rest, String form, String wanted) {
        String value = rest.hasNext() ? rest.next() : "";
        if (!value.matches(form)) {
            throw new IllegalArgumentException(option + " needs " + wanted + ", not '" + value + "'");
        }
        return value;
    }

    private static Pattern pattern(String word) {
        if (word.startsWith("-")) {
            throw new IllegalArgumentException("there is no option " + word);
        }
        try {
            return Pattern.compile(word);
        } catch (PatternSyntaxException wrong) {
            throw new IllegalArgumentException("'" + word + "' is no regular expression: " + wrong.getDescription(), wrong);
        }
    }

    /** Names of the chosen cases, in the order of the table. */
    List<String> names() {
        List<String> names = Cases.all().stream()
                .map(Case::name)
                .filter(name -> cases.isEmpty() || cases.stream().anyMatch(pattern -> pattern.matcher(name).find()))
                .toList();
        if (names.isEmpty()) {
            throw new IllegalArgumentException("no case has a name that matches " + cases + "; --list prints the names");
        }
        return names;
    }
}
