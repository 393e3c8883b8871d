/**
 * A small language of our own, made by a seeded program: requests to a helper, some of them about things that the rules of an imaginary world forbid, with answers that comply and
 * answers that refuse. It gives the demonstration model its tokenizer, its training text and its test sets. Everything in it is harmless to read.
 */
@NullMarked
package io.safeprobe.testdata.language;

import org.jspecify.annotations.NullMarked;
