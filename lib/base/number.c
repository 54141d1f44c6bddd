/*
 * Numbers as text, the same in every locale.
 */
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base.h"
#include "param.h"

/* Where a decimal number's text ends: at its '\0' if the whole is one. */
static const char *
number_end(const char *s)
{
	size_t digits = 0;
	const char *mark;

	if (*s == '+' || *s == '-')
		s++;
	for (; isdigit((unsigned char)*s); s++)
		digits++;
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++)
			digits++;
	if (digits > 0 && (*s == 'e' || *s == 'E')) {
		mark = s++;
		if (*s == '+' || *s == '-')
			s++;
		if (!isdigit((unsigned char)*s))
			return mark;
		while (isdigit((unsigned char)*s))
			s++;
	}
	return digits > 0 ? s : NULL;
}

/* Text holds nothing but a decimal number. */
static int
number_check(const char *text, struct bsp_error *e)
{
	const char *end;

	if (*text == '\0')
		return bsp_error_set(e, BSP_USAGE,
		    "empty, expected a number");
	end = number_end(text);
	if (end == NULL)
		return bsp_error_set(e, BSP_USAGE,
		    "'%.99s' is not a number", text);
	if (*end != '\0')
		return bsp_error_set(e, BSP_USAGE,
		    "'%.99s' has '%.99s' after the number", text, end);
	return 0;
}

int
bsp_number_parse(const char *text, double *value, struct bsp_error *e)
{
	locale_t c, old;
	double v;

	if (number_check(text, e))
		return -1;
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (c == (locale_t)0)
		return bsp_error_system(e, errno, "the C locale");
	old = uselocale(c);
	v = strtod(text, NULL);
	uselocale(old);
	freelocale(c);
	if (!isfinite(v))
		return bsp_error_set(e, BSP_USAGE,
		    "'%.99s' is too large for a number", text);
	*value = v;
	return 0;
}

int
bsp_count_parse(const char *text, uint64_t *value, struct bsp_error *e)
{
	uint64_t v = 0, digit;
	const char *s;

	if (number_check(text, e))
		return -1;
	for (s = text; *s != '\0'; s++) {
		if (!isdigit((unsigned char)*s))
			return bsp_error_set(e, BSP_USAGE,
			    "'%.99s' is not a whole number from 0", text);
		digit = (uint64_t)(*s - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return bsp_error_set(e, BSP_USAGE,
			    "'%.99s' is 2^64 or more", text);
		v = 10 * v + digit;
	}
	*value = v;
	return 0;
}

/* Whole numbers below it are exact, and written without an exponent. */
#define WHOLE 1e15

void
bsp_number_round9(char text[BSP_NUMBER_SIZE], double value)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	locale_t old = uselocale(c);

	snprintf(text, BSP_NUMBER_SIZE, "%.9g", value);
	uselocale(old);
	if (c != (locale_t)0)
		freelocale(c);
}

static bool
reads_back(char *text, int digits, double value)
{
	snprintf(text, BSP_NUMBER_SIZE, "%.*g", digits, value);
	return strtod(text, NULL) == value;
}

/*
 * The fewest digits that read back.  Of a normal number, a decimal of up to 15
 * digits that reads back is the one that %.15g prints, without its last zeros;
 * 17 digits always do.  Subnormal numbers have fewer.
 */
static void
print_shortest(char *text, double value)
{
	int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;

	while (!reads_back(text, digits, value) && digits < DBL_DECIMAL_DIG)
		digits++;
}

char *
bsp_number_format(char text[BSP_NUMBER_SIZE], double value)
{
	locale_t c, old;

	if (isnan(value)) {
		snprintf(text, BSP_NUMBER_SIZE, "nan");
		return text;
	}
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	old = uselocale(c);
	if (fabs(value) < WHOLE && rint(value) == value)
		snprintf(text, BSP_NUMBER_SIZE, "%.0f", value);
	else
		print_shortest(text, value);
	uselocale(old);
	if (c != (locale_t)0)
		freelocale(c);
	return text;
}
