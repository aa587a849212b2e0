// Hands a signed order to WeChat's own browser and leads on when it says that it was paid. The
// form does the same in the sandbox; elsewhere, without WeChat, it leads to the order and takes none
// of the fields along: they are disabled.
const form = document.querySelector("form[data-wxpay]");

function pay(bridge) {
  const fields = {};
  for (const name of ["appId", "timeStamp", "nonceStr", "package", "signType", "paySign"]) {
    fields[name] = form.elements[name].value;
  }
  bridge.invoke("getBrandWCPayRequest", fields, (answer) => {
    // WeChat's word is a hint: the order's page asks what really happened.
    if (answer.err_msg === "get_brand_wcpay_request:ok") location.assign(form.dataset.order);
  });
}

if (form) {
  form.addEventListener("submit", (event) => {
    if (!window.WeixinJSBridge) return;
    event.preventDefault();
    pay(window.WeixinJSBridge);
  });
  document.addEventListener("WeixinJSBridgeReady", () => pay(window.WeixinJSBridge), { once: true });
  if (window.WeixinJSBridge) pay(window.WeixinJSBridge);
}
