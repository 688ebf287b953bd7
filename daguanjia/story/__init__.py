"""The 大管家 story, played through HTTP against running doors.

A 580 call at 02:10 about a broken pipe becomes a ticket, goes past an empty grid to the village, up to the township, to the water
bureau and back; is answered, found not solved, done again and closed by somebody who did not do the work; and is found again behind
every figure.

Only `people` touches the database: it makes sure that the people of the story exist. Everything else is a client as anybody could
write it.
"""
