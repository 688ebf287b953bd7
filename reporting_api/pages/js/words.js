/** Every word of the dashboard, Chinese first. Names of figures, places and categories come from the door. */

const KEEP = "daguanjia.language";

const WORDS = {
  title: ["大管家看板", "Daguanjia dashboard"],
  skip: ["跳到正文", "Skip to content"],
  where: ["辖区", "Area"],
  theme: ["深色 / 浅色", "Dark / light"],
  print: ["打印", "Print"],
  leave: ["退出({name})", "Sign out ({name})"],
  sign_in: ["登录", "Sign in"],
  sign_in_words: ["用工作账号登录。看到的数字只限本人岗位的范围。", "Use your work account. You see the figures of your own posts' area only."],
  login: ["账号", "Account"],
  password: ["口令", "Password"],
  code: ["验证码", "Code"],
  code_needed: ["请输入手机验证器上的六位验证码,或一个恢复码。", "Enter the six digits of your authenticator, or a recovery code."],
  code_wrong: ["验证码不对或已用过,请等下一个。", "This code is wrong or was used. Wait for the next one."],
  sign_on: ["统一身份认证登录", "Single sign-on"],
  or: ["或", "or"],
  signing_in: ["正在登录…", "Signing you in…"],
  sign_on_over: ["这次登录没有成功或已失效,请重新开始。", "This sign-in failed or is over. Please begin again."],
  sign_on_cancelled: ["没有在统一身份认证完成登录。", "You did not finish signing in there."],
  sign_on_no_account: ["统一身份认证认得您,但这里没有您的账号。请联系管理员添加。", "You are known there, but there is no account of yours here. Ask an administrator."],
  sign_on_away: ["统一身份认证没有应答。请稍后再试,或用口令登录。", "The provider does not answer. Try again later, or use your password."],
  due_by_password: ["本岗位还须启用两步验证,或先设置口令。请用账号和口令登录一次。", "Your post needs a second factor, or a password of your own first. Sign in once with account and password."],
  own_password_words: ["这是一次性口令。请先设置自己的口令,至少 8 个字符,不要用姓名、账号、生日或常见口令。", "This password is good once. Set your own first: 8 characters or more, not your name, account, birthday, or what everybody uses."],
  new_password: ["新口令", "New password"],
  once_more: ["再输一遍", "Once more"],
  set_password: ["设置口令", "Set password"],
  not_the_same: ["两遍输入的不一样。", "The two are not the same."],
  too_short: ["口令至少要 8 个字符。", "A password has at least 8 characters."],
  too_common: ["这个口令太常见,容易被猜中,请换一个。", "This password is among the first that are tried. Choose another."],
  own_name: ["口令里不能有姓名或账号。", "A password must not hold your name or account."],
  same_password: ["新口令不能与原口令相同。", "The new password must not be the old one."],
  enrol_words: ["本岗位须用两步验证。请在手机的验证器中添加下面的密钥(可点按或手工输入),再输入它显示的六位数字。", "Your post needs a second factor. Add this key to the authenticator on your phone (tap it or type it in), then enter the six digits it shows."],
  confirm: ["确认", "Confirm"],
  recovery_words: ["两步验证已启用。手机丢失时,下面每个恢复码可代替验证码使用一次。请抄下并收好,以后不再显示。", "Your second factor is on. Each of these recovery codes takes the place of a code once. Write them down: they are not shown again."],
  kept_codes: ["已收好,进入看板", "I have kept them"],
  period: ["期间", "Period"],
  from: ["从", "From"],
  to: ["到", "To"],
  show: ["显示", "Show"],
  month: ["本月", "This month"],
  "last-month": ["上月", "Last month"],
  quarter: ["本季度", "This quarter"],
  year: ["今年", "This year"],
  "last-year": ["去年", "Last year"],
  free: ["自选…", "Other…"],
  then: ["按当时所知…", "As known then…"],
  then_until: ["截至(按当时所知,北京时间)", "As it was known at (Beijing time)"],
  to_now: ["回到现在", "Back to now"],
  known_then_short: ["按当时所知", "as known then"],
  known_then: ["这是 {as_of} 当时所知的数字;此后才发生或才录入的都不在内。", "Figures as they were known at {as_of}: nothing that happened or was entered later is in them."],
  headlines: ["主要指标", "Headline figures"],
  stand: ["{place} · {first} 至 {last} · 数据截至 {as_of}", "{place} · {first} to {last} · as of {as_of}"],
  current: ["实时", "up to date"],
  behind: ["有 {seconds} 的事件尚未计入", "events of {seconds} are still to be counted"],
  seconds: ["{n} 秒", "{n} s"],
  minutes: ["{n} 分钟", "{n} min"],
  hours: ["{n} 小时", "{n} h"],
  stale: ["数据落后 {seconds}:此刻之前的部分工单变化还没有计入。数字仍是完整一致的一刻,只是较早。", "Figures are {seconds} behind: some changes are not counted yet. They are those of one earlier instant, complete in themselves."],
  partly: ["只含本条线或本岗位经手的工单,不是全辖区的数字。", "Only tickets of your own functional line or seats are counted, not those of the whole area."],
  everything: ["本人可见的全部", "All that you may see"],
  before: ["上期", "before"],
  last_year: ["去年同期", "a year ago"],
  points: ["{n} 点", "{n} pt"],
  no_data: ["无数据", "no data"],
  figure: ["件", ""],
  trend: ["{name}:近 13 个月", "{name}: last 13 months"],
  trend_note: ["最后一个月截至 {last}。", "The last month is counted up to {last}."],
  month_head: ["月份", "Month"],
  value: ["数值", "Value"],
  as_table: ["用表格看", "Show as a table"],
  definition: ["口径", "Definition"],
  about: ["“{name}”的口径与工单", "Definition and tickets of “{name}”"],
  numerator: ["分子", "Numerator"],
  denominator: ["分母", "Denominator"],
  counted: ["统计", "Counted"],
  so_far: ["截至 {day}", "up to {day}"],
  period_basis: ["计入期间", "Falls into the period"],
  note: ["说明", "Note"],
  metric: ["指标编号", "Metric"],
  as_of: ["截至", "As of"],
  now: ["本期", "Now"],
  interval: ["95% 区间", "95% interval"],
  tickets_of: ["看这 {n} 件工单", "Show these {n} tickets"],
  see_numerator: ["分子的工单({n} 件)", "Tickets of the numerator ({n})"],
  see_rest: ["分母的工单({n} 件)", "Tickets of the denominator ({n})"],
  close: ["关闭", "Close"],
  late: ["超期未办结", "Overdue now"],
  late_note: ["此刻任一时限已过的在办工单;不随期间变化。", "Open tickets past any of their limits at this moment, whatever the period."],
  late_none: ["没有超期的工单。", "Nothing is overdue."],
  late_units: ["在谁手里", "Who has them"],
  nobody: ["尚未派出", "Not dispatched"],
  late_by: ["超期 {time}", "{time} late"],
  days: ["{n} 天", "{n} d"],
  more: ["再看 {n} 件", "Show {n} more"],
  more_units: ["另有 {n} 个单位", "{n} more units"],
  bars: ["各{tier}:{name}", "{name} by {tier}"],
  township: ["镇", "township"],
  village: ["村", "village"],
  grid: ["网格", "grid"],
  county: ["县", "county"],
  city: ["市", "city"],
  sort: ["排序", "Sort"],
  by_value: ["按数值", "by value"],
  by_name: ["按代码", "by code"],
  by_size: ["按件数", "by size"],
  bars_note: ["横线是 95% 威尔逊区间:区间重叠的,不宜分高下。虚线是全辖区 {value}。", "Lines are 95% Wilson intervals: where they overlap, no one is certainly better. Dashed: the whole area, {value}."],
  bars_note_count: ["点一行看其工单。", "Choose a row for its tickets."],
  map: ["{name}:{tier}分布示意", "{name}: schematic map by {tier}"],
  few: ["不足 {n} 件,不着色", "fewer than {n}: no colour"],
  map_order: ["示意图:一格一{tier},按代码次序排列,不是地理位置,也没有边界。", "Schematic: one hexagon per {tier} in order of codes. Neither positions nor boundaries are real."],
  map_centres: ["示意图:一格一{tier},按中心点就近排列,方位大致正确,面积与边界不代表实际。", "Schematic: one hexagon per {tier}, nearest to its centre point. Directions are about right; sizes and boundaries are not real."],
  map_hint: ["指向或点按一格,看是哪里。", "Point at or tap a hexagon to see which it is."],
  open_area: ["进入{name}", "Go to {name}"],
  flow: ["流向:渠道 → 层级 → 结果", "Flow: channel → tier → outcome"],
  other_channels: ["其他 {n} 个渠道", "{n} other channels"],
  choose_below: ["下一级…", "Go to…"],
  flow_note: ["本期受理 {received} 件;另有 {left_out} 件不予受理、撤销或并单,不计入任何指标。", "{received} received; {left_out} more were rejected, cancelled or merged and are in no figure."],
  flow_head: ["渠道|层级|结果|件数", "Channel|Tier|Outcome|Tickets"],
  completed: ["已办结", "Completed"],
  open: ["在办", "Open"],
  rejected: ["不予受理", "Rejected"],
  cancelled: ["撤销", "Cancelled"],
  merged: ["并单", "Merged"],
  left_out: ["不计入指标", "In no figure"],
  tier_none: ["未派出", "Not dispatched"],
  categories: ["反映最多的类别", "Top categories"],
  categories_head: ["类别|受理|占比|办结率|满意率", "Category|Received|Share|Completed|Satisfied"],
  categories_rest: ["其余 {n} 类", "{n} other categories"],
  share_of: ["占 {share}%", "{share}%"],
  completion_short: ["办结", "completed"],
  satisfied_short: ["满意", "satisfied"],
  nothing: ["这段时间没有数据。", "There is no data for this period."],
  loading: ["正在读取…", "Loading…"],
  again: ["再试一次", "Try again"],
  away: ["连不上服务。请检查网络,或稍后再试。", "The service cannot be reached. Check the network or try again later."],
  refused: ["没有读到:{detail}", "This could not be read: {detail}"],
  own_area: ["回到本人的辖区", "Go to my own area"],
  denied: ["本人的岗位不能看这里。如需查看,请联系管理员。", "Your posts do not reach this. Ask an administrator if they should."],
  over: ["登录已过期,请重新登录。", "Your session is over. Please sign in again."],
  wrong: ["账号或口令不对。", "Account or password is wrong."],
  locked: ["试错太多,账号暂时锁定,请 {time}后再试。", "Too many tries: the account is locked. Try again in {time}."],
  too_many: ["这里请求太多,请 {time}后再试。", "Too many requests from here. Try again in {time}."],
  forbidden_origin: ["登录服务不接受来自这个地址的页面(DAGUANJIA_PAGE_ORIGINS)。", "The sign-in service does not accept pages from this address (DAGUANJIA_PAGE_ORIGINS)."],
  tickets: ["{name}:{total} 件工单", "{name}: {total} tickets"],
  tickets_note: ["与数字同一口径、同一范围:清单件数即该数字。不含诉求人信息。", "Same definition and scope as the figure: the list is what it counts. Nothing about who complained."],
  received_at: ["受理", "received"],
  due_at: ["到期", "due"],
  completed_at: ["办结", "closed"],
  on_time: ["按期", "on time"],
  overdue: ["超期", "late"],
  round: ["第 {n} 轮", "round {n}"],
  story: ["经过", "Timeline"],
  content: ["满意", "satisfied"],
  not_content: ["不满意", "dissatisfied"],
  story_none: ["没有记录。", "Nothing is recorded."],
  all_of: ["全部", "All"],
  area: ["地区", "Area"],
  status_received: ["受理", "Received"], status_dispatched: ["派单", "Dispatched"], status_accepted: ["签收", "Accepted"],
  status_resolved: ["处置完成", "Work done"], status_answered: ["已反馈", "Answered"], status_closed: ["办结", "Closed"],
  status_rejected: ["不予受理", "Rejected"], status_cancelled: ["撤销", "Cancelled"], status_merged: ["并单", "Merged"],
  foot: ["数字即清单:每个数字都能点到它统计的那些工单。“—”表示没有可统计的数据,不是 0。", "Every figure leads to exactly the tickets it counts. “—” is no data, not 0."],
};

const EVENTS = {
  received: "受理", dispatched: "派单", accepted: "签收", returned: "退单", handed_up: "上报", transferred: "转办", joined: "协办", work_logged: "办理记录",
  extension_requested: "申请延期", extension_decided: "审批延期", suspension_requested: "申请挂起", suspension_decided: "审批挂起", suspended: "挂起", resumed: "恢复",
  resolved: "处置完成", answered: "反馈", called_back: "回访", closed: "办结", reopened: "重办", rejected: "不予受理", cancelled: "撤销", merged: "并单", unmerged: "撤销并单",
  informed: "受理告知", sealed: "保密", urged: "催办", supervised: "督办", instructed: "批示", instruction_acknowledged: "批示签收", instruction_followed: "落实反馈",
  whistled: "吹哨", whistle_answered: "应哨", whistle_concluded: "吹哨办结", supplemented: "补充", escalated: "升级", recalculated: "重算时限", adjudicated: "裁定", triaged: "核定",
  task_finished: "协办完成", repeated: "重复诉求", absorbed: "并入", released: "并单撤销", restated: "重述", followed: "随单位变更", evidence_flagged: "佐证待核",
  exclusion_proposed: "申请剔除", exclusion_decided: "剔除裁定", exclusion_appealed: "剔除申诉", exclusion_closed: "剔除结案",
};

let chosen = "zh";
try { chosen = localStorage.getItem(KEEP) === "en" ? "en" : "zh"; } catch { /* a browser that keeps nothing */ }

/** `zh` or `en`. */
export const language = () => chosen;

/** Turn to the other language; the page says everything anew. */
export function turnLanguage() {
  chosen = chosen === "zh" ? "en" : "zh";
  try { localStorage.setItem(KEEP, chosen); } catch { /* then for this page alone */ }
}

/** The words for `key`, with {names} filled in. */
export function say(key, values = {}) {
  const words = WORDS[key];
  if (!words) return key;
  return words[chosen === "en" ? 1 : 0].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Say everything that stands in the page itself. */
export function sayPage() {
  document.documentElement.lang = chosen === "en" ? "en" : "zh-CN";
  document.title = say("title");
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of document.querySelectorAll("[data-say-label]")) node.setAttribute("aria-label", say(node.dataset.sayLabel));
}

/** A channel's name: Chinese as the door has it, English for those that come with the software. */
const CHANNELS = {
  hotline: "Hotline", wechat: "WeChat", field: "Grid report", petition: "Petition office", letter: "Letter", platform: "Upper platform", open311: "Open311", on_behalf: "On behalf", wecom: "WeCom",
};
export const channelName = (code, name) => (chosen === "en" && CHANNELS[code]) || name || code;

const BASES = { 按受理日: "by day received", 按派单日: "by day dispatched", 按办结日: "by day closed", 按到期日: "by day due", 按首次办结日: "by day first closed", 按最近一次回访日: "by day last called back" };
export const basisName = (words) => (chosen === "en" && BASES[words]) || words;

/** A figure's name: Chinese, or English where there is one. */
export const nameOf = (figure) => (chosen === "en" && figure.english) || figure.name;

/** A name without what stands in brackets, for where there is little room. */
export const shortOf = (figure) => nameOf(figure).replace(/[((].*$/, "");

/** What an event of a ticket is called. */
export function eventName(type) {
  const kind = type.replace(/^ticket\./, "");
  return chosen === "en" ? kind.replaceAll("_", " ") : EVENTS[kind] || kind;
}

/** How long, in words: from seconds to days, one unit. */
export function longTime(seconds) {
  if (seconds < 90) return say("seconds", { n: Math.round(seconds) });
  if (seconds < 5400) return say("minutes", { n: Math.round(seconds / 60) });
  if (seconds < 129600) return say("hours", { n: Math.round(seconds / 3600) });
  return say("days", { n: Math.round(seconds / 86400) });
}

/** A place's name where there is little room: 坪地村村民委员会 is 坪地村. */
export const placeName = (name) => name.replace(/[村居]民委员会$/, "");

/** A whole number with its thousands apart. By hand: what Intl needs for it takes as long to load as a picture to draw. */
export const amount = (number) => String(Number(number)).replace(/\B(?=(?:\d{3})+$)/g, ",");
