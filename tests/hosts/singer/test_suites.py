"""singer-sdk's own suites for taps and targets, on an emulated account."""

from singer_sdk.testing import SuiteConfig, get_tap_test_class, get_target_test_class

from custify_connector.adapters.singer_tap import TapCustify
from custify_connector.adapters.singer_target import TargetCustify
from custify_connector.sandbox import Sandbox

# The suites want their configuration when the module is read; the sandbox ends with the process.
SANDBOX = Sandbox(people=60, companies=6, api_key="suite-key", rate_limit=None).start()
CONFIG = {
    "name": "suite",
    "api_key": SANDBOX.api_key,
    "base_url": SANDBOX.base_url,
    "settings": {"rate_limit": None},
}

TestTap = get_tap_test_class(TapCustify, config=CONFIG, suite_config=SuiteConfig(max_records_limit=None))

# The suite's records are of no kind that Custify knows: each is rejected, and kept aside with its reason.
TestTarget = get_target_test_class(TargetCustify, config={**CONFIG, "destination": {"endpoint": "upsert_person"}})
