"""How many connections of one address there may be."""

from ipaddress import ip_network

from appliance.network.guests import Guests

HERE, PHONE, LAPTOP = "192.168.1.5", "192.168.1.7", "192.168.1.8"


def test_one_address_has_a_limit_and_is_told_so_before_it_is_turned_away() -> None:
    guests = Guests(2)
    assert [guests.enter(PHONE, HERE).is_one_too_many for _ in range(4)] == [  # type: ignore[union-attr]
        *(False, False, True, True)
    ]
    assert guests.enter(PHONE, HERE) is None


def test_another_address_has_its_own() -> None:
    guests = Guests(1)
    for _ in range(3):
        guests.enter(PHONE, HERE)
    laptop = guests.enter(LAPTOP, HERE)
    assert laptop is not None and not laptop.is_one_too_many


def test_who_leaves_makes_room_once() -> None:
    guests = Guests(1)
    first = guests.enter(PHONE, HERE)
    second = guests.enter(PHONE, HERE)
    assert first is not None and second is not None
    for _ in range(3):
        first.leave()
    third = guests.enter(PHONE, HERE)
    assert third is not None and third.is_one_too_many  # the second is still here
    second.leave()
    third.leave()
    assert guests.enter(PHONE, HERE).is_one_too_many is False  # type: ignore[union-attr]


def test_this_machine_and_proxies_speak_for_many() -> None:
    guests = Guests(1, proxies=[ip_network("203.0.113.2/32")])
    for peer in ("127.0.0.1", "::1", "203.0.113.2"):
        for _ in range(5):
            guest = guests.enter(peer, HERE)
            assert guest is not None and not guest.is_one_too_many


def test_nobody_comes_in_from_far_away() -> None:
    assert Guests(9).enter("203.0.113.9", HERE) is None
    assert Guests(9, public=[ip_network("203.0.113.0/24")]).enter("203.0.113.9", HERE)


def test_before_it_is_open_only_this_machine_comes_in() -> None:
    is_open = False
    guests = Guests(9, public=[ip_network("0.0.0.0/0")], is_open=lambda: is_open)
    assert guests.enter(PHONE, HERE) is None
    assert guests.enter("127.0.0.1", "127.0.0.1")
    is_open = True
    assert guests.enter(PHONE, HERE)
