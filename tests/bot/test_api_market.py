"""/api/offers and /api/templates."""

from __future__ import annotations

from datetime import timedelta

from bot.sandbox.novita import Fault, SandboxNovita
from bot.sandbox.novita.seed import TEMPLATE_TOKEN
from core.domain.base import BillingMode
from tests.bot.api import TOKEN, api, bad_fields, code_of
from tests.bot.app_fixture import GPU, open_house


async def test_offers_tell_price_and_stock_cheapest_first(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        told = (await client.get("/api/offers")).json()
        prices = [offer["price"] for offer in told["offers"]]
        assert prices == sorted(prices)
        assert told["total"] == len(prices) > 20
        assert told["asOf"].endswith("Z")


async def test_offers_are_filtered_by_product_region_and_billing(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        query = {"product": "rtx 4090", "region": "cn-hk-01", "billingMode": "spot", "unknown": "x"}
        (offer, dearer) = (await client.get("/api/offers", params=query)).json()["offers"]
        assert (offer["productName"], offer["region"], offer["place"]) == (GPU, "CN-HK-01", "Hong Kong")
        assert (offer["price"], offer["stock"], offer["productId"]) == (0.18, "normal", "4090.16c62g")
        assert dearer["price"] > offer["price"]
        assert (await client.get("/api/offers", params={"product": "RTX 9090"})).json()["offers"] == []
        assert bad_fields(await client.get("/api/offers", params={"billingMode": "monthly"})) == {"billingMode"}


async def test_templates_are_found_by_words_and_show_no_values(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        everything = await client.get("/api/templates")
        assert everything.json()["total"] == 8
        assert everything.json()["templates"][0]["channel"] == "private"
        assert TEMPLATE_TOKEN not in everything.text
        (found,) = (await client.get("/api/templates", params={"q": "comfy prod"})).json()["templates"]
        assert (found["id"], found["image"]) == ("107672", "registry.example.com/team/comfy:1.4")
        assert found["ports"] == [{"port": 8188, "type": "http"}, {"port": 9000, "type": "tcp"}]


async def test_while_novita_is_away_and_nothing_is_known_it_is_503(redis_url: str) -> None:
    away = SandboxNovita()
    away.fail_all(Fault.server_error())
    async with (
        open_house(redis_url, workers=0, warm=False, novita=away, api_token=TOKEN) as house,
        api(house) as client,
    ):
        for path in ("/api/offers", "/api/templates"):
            answer = await client.get(path)
            assert code_of(answer) == (503, "novita_unreachable")
            assert "Retry-After" in answer.headers


async def test_what_is_at_hand_is_told_while_novita_is_away(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        house.novita.fail_all(Fault.server_error())
        assert (await client.get("/api/offers")).json()["total"] > 20
        assert (await client.get("/api/templates")).json()["total"] == 8


async def test_the_stock_is_that_of_so_many_at_once_and_the_price_that_of_one(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        house.novita.sell_at_most("CN-HK-01", 4, GPU)
        for count in (4, 8):  # At hand, however slow the machine is.
            await house.base.catalog.get_market_for(count, *BillingMode, patience=timedelta(seconds=60))
        query = {"product": GPU, "region": "CN-HK-01", "billingMode": "spot"}
        four = (await client.get("/api/offers", params={**query, "gpuNum": "4"})).json()["offers"]
        eight = (await client.get("/api/offers", params={**query, "gpuNum": "8"})).json()["offers"]
        one = (await client.get("/api/offers", params=query)).json()["offers"]
        assert one == four and {offer["stock"] for offer in eight} == {"none"}
        assert [offer["price"] for offer in eight] == [offer["price"] for offer in one]
        assert "none" not in {offer["stock"] for offer in one}
        assert (await client.get("/api/offers", params={"gpuNum": "9"})).status_code == 400
